/** @file Learns forms from values too rare to keep. What is not shared by k traces never gets into a form. */
import { KeyValueList, type AttributeValue } from '../trace';
import { FormType, MAX_FORM_DEPTH, type Form, type Template } from './patterns';
import { bytesPart, isWord, literalPart, MAX_BYTES_RUN, PartKind, textParts, type Part } from './text-tokens';

const MAX_TEMPLATES = 24;
const MAX_ITEMS = 32;
/** Words from here on make running text, in which rare words become a placeholder rather than random letters. */
const RUNNING_TEXT_WORDS = 3;
/** Words that say nothing of who or what: units, schemes, parts of standard names. */
const COMMON = new Set(
  (
    'ns us ms kb mb gb kib mib gib http https grpc tcp udp ftp ws wss amqp redis mysql postgresql mongodb kafka ' +
    'www com org net io local localhost svc cluster api id GET PUT POST PATCH DELETE HEAD OPTIONS true false null ' +
    'html json xml js css php png jpg svg utf UTF UTC GMT'
  ).split(' ')
);

const NO_WORDS: ReadonlySet<string> = new Set();
const EMPTY: readonly never[] = [];

function scalar(type: FormType, parts: readonly Part[]): Form {
  return { type, parts, items: EMPTY, keys: EMPTY };
}

/** Parts of a double: its `e`, and `NaN`, are no words. */
function numberParts(value: number): Part[] {
  return textParts(String(value)).map((part) => (isWord(part) ? literalPart(part.text) : part));
}

/** The form of one value, parts with their own texts. */
function formOf(value: AttributeValue, depth = 0): Form {
  switch (typeof value) {
    case 'string':
      return scalar(FormType.String, textParts(value));
    case 'bigint':
      return scalar(FormType.Int, textParts(String(value)));
    case 'number':
      return scalar(FormType.Double, numberParts(value));
    case 'boolean':
      return scalar(FormType.Bool, EMPTY);
  }
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, MAX_BYTES_RUN / 2)).toString('hex');
    return scalar(FormType.Bytes, hex === '' ? EMPTY : [bytesPart(hex)]);
  }
  if (value === null || depth === MAX_FORM_DEPTH) {
    return scalar(FormType.Null, EMPTY);
  }
  if (value instanceof KeyValueList) {
    const entries = value.entries.slice(0, MAX_ITEMS);
    return {
      type: FormType.List,
      parts: EMPTY,
      items: entries.map((entry) => formOf(entry.value, depth + 1)),
      keys: entries.map((entry) => entry.key),
    };
  }
  return {
    type: FormType.Array,
    parts: EMPTY,
    items: value.slice(0, MAX_ITEMS).map((item) => formOf(item, depth + 1)),
    keys: EMPTY,
  };
}

/** In how many traces each text was seen. */
class TraceTally {
  private readonly seen = new Map<string, { traces: number; last: number }>();

  add(text: string, trace: number): void {
    const found = this.seen.get(text);
    if (found === undefined) {
      this.seen.set(text, { traces: 1, last: trace });
    } else if (found.last !== trace) {
      found.traces++;
      found.last = trace;
    }
  }

  of(text: string): number {
    return this.seen.get(text)?.traces ?? 0;
  }
}

function eachForm(form: Form, visit: (form: Form) => void): void {
  visit(form);
  form.items.forEach((item) => eachForm(item, visit));
}

/** Which texts may stay. */
interface Kept {
  word(part: Part): boolean;
  key(key: string): boolean;
}

/** The form without what may not stay. */
function withheld(form: Form, kept: Kept): Form {
  const running = form.parts.filter(isWord).length >= RUNNING_TEXT_WORDS;
  const parts: Part[] = [];
  for (const part of form.parts) {
    if (!isWord(part)) {
      parts.push(part);
    } else if (kept.word(part)) {
      parts.push(literalPart(part.text));
    } else if (!running) {
      parts.push(part);
    } else if (parts.at(-1)?.text === ' ' && parts.at(-2)?.kind === PartKind.Word) {
      // one placeholder for several words in a row: how many there were is nobody's business
      parts.pop();
    } else if (parts.at(-1)?.kind !== PartKind.Word) {
      parts.push({ kind: PartKind.Word, text: '', min: 0, max: 0, width: 0 });
    }
  }
  return {
    type: form.type,
    parts,
    items: form.items.map((item) => withheld(item, kept)),
    keys: form.keys.map((key) => (kept.key(key) ? key : '{word}')),
  };
}

function keyOf({ type, parts, items, keys }: Form): string {
  return `${type}(${parts.map((part) => (part.kind === PartKind.Literal ? JSON.stringify(part.text) : part.kind)).join()}|${items
    .map(keyOf)
    .join()}|${JSON.stringify(keys)})`;
}

/** Forms of many values with one key, folded into one. */
interface Gathered {
  form: Form;
  count: number;
  traces: number;
  lastTrace: number;
}

/** Folds the parts of b into a: bounds widen, and a text that differs is forgotten. */
function folded(a: Form, b: Form): Form {
  return {
    ...a,
    parts: a.parts.map((part, p) => {
      const other = b.parts[p] as Part;
      return part.kind === PartKind.Literal
        ? part
        : {
            ...part,
            text: part.text === other.text ? part.text : '',
            min: Math.min(part.min, other.min),
            max: Math.max(part.max, other.max),
            width: Math.max(part.width, other.width),
          };
    }),
    items: a.items.map((item, i) => folded(item, b.items[i] as Form)),
  };
}

function gather(map: Map<string, Gathered>, form: Form, trace: number): Gathered {
  const key = keyOf(form);
  let found = map.get(key);
  if (found === undefined) {
    found = { form, count: 1, traces: 1, lastTrace: trace };
    map.set(key, found);
    return found;
  }
  found.count++;
  if (found.lastTrace !== trace) {
    found.lastTrace = trace;
    found.traces++;
  }
  found.form = folded(found.form, form);
  return found;
}

/** A number away from zero or towards it, to two significant digits: bounds that are nobody's value. */
function roundedBound(value: number, up: boolean): number {
  const step = 10 ** Math.max(0, String(value).length - 2);
  return (up ? Math.ceil((value + 1) / step) : Math.floor(value / step)) * step;
}

/** A part as it is kept. @param shared - whether enough traces have the form */
function settled(part: Part, shared: boolean): Part {
  const { kind, text, min, max, width } = part;
  if (kind === PartKind.Literal || kind === PartKind.Word) {
    return part;
  }
  if (shared && text !== '') {
    return literalPart(text);
  }
  const bare = { kind, text: '', width, min, max };
  switch (kind) {
    case PartKind.Octet:
      return shared ? bare : { ...bare, min: 1, max: 254 };
    case PartKind.Range:
      if (width > 0) {
        return bare;
      }
      return shared
        ? { ...bare, min: roundedBound(min, false), max: roundedBound(max, true) }
        : { ...bare, kind: PartKind.Digits, min: String(min).length, max: String(max).length };
    case PartKind.Digits:
      return { ...bare, width: 1 };
    default:
      return bare;
  }
}

function settledForm(form: Form, shared: boolean): Form {
  return {
    ...form,
    parts: form.parts.map((part) => settled(part, shared)),
    items: form.items.map((item) => settledForm(item, shared)),
  };
}

/**
 * Learns the forms of values.
 * @param values - with the trace each was seen in
 * @param k - a word, a key of a map, or a text that never varies is kept when at least this many traces have it
 * @param vocabulary - words that enough traces have elsewhere
 * @returns the forms by falling frequency, and the form of each value (0 for one whose form is too rare to be one)
 */
export function learnTemplates(
  values: ReadonlyArray<{ value: AttributeValue; trace: number }>,
  k: number,
  vocabulary: ReadonlySet<string> = NO_WORDS
): { templates: Template[]; chosen: Int32Array } {
  const words = new TraceTally();
  const keys = new TraceTally();
  const parsed = values.map(({ value, trace }) => {
    const form = formOf(value);
    eachForm(form, ({ parts, keys: own }) => {
      parts.filter(isWord).forEach((part) => words.add(part.text, trace));
      own.forEach((key) => keys.add(key, trace));
    });
    return { form, trace };
  });
  const key = (text: string): boolean => keys.of(text) >= k;
  const common: Kept = { word: ({ text }) => COMMON.has(text) || vocabulary.has(text), key };
  const shared: Kept = { word: ({ text }) => COMMON.has(text) || vocabulary.has(text) || words.of(text) >= k, key };
  const worded = new Map<string, Gathered>();
  const first = parsed.map(({ form, trace }) => gather(worded, withheld(form, shared), trace));
  // Forms of few traces lose their words: together they may be forms of many.
  const bare = new Map<string, Gathered>();
  const final = parsed.map(({ form, trace }, i) => {
    const found = first[i] as Gathered;
    return found.traces >= k ? found : gather(bare, withheld(form, common), trace);
  });
  const kept = [...new Set(final)].sort((a, b) => b.count - a.count).slice(0, MAX_TEMPLATES);
  const index = new Map(kept.map((found, t) => [found, t]));
  return {
    templates: kept.map((found) => ({ ...settledForm(found.form, found.traces >= k), weight: found.count })),
    chosen: Int32Array.from(final, (found) => index.get(found) ?? 0),
  };
}
