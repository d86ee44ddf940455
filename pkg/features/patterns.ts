/**
 * @file Values too rare to keep, as forms: `/user/8812` and `/user/97` become `/user/{int}`. A form whose words are
 * shared by enough traces keeps them; otherwise words become letters, and only punctuation and lengths remain.
 */
import { ByteReader, ByteWriter } from '../model';
import { KeyValueList, type AttributeValue } from '../trace';

/** Kinds of parts of a form. */
export enum PartKind {
  Literal = 0,
  Digits = 1,
  LowerHex = 2,
  UpperHex = 3,
  Letters = 4,
  Capitals = 5,
}

/** A part: text kept as it is, or between `min` and `max` characters of a kind. */
export interface Part {
  readonly kind: PartKind;
  readonly text: string;
  readonly min: number;
  readonly max: number;
}

/** What type a written value has. */
export enum FormType {
  String = 0,
  Int = 1,
  Double = 2,
  Bool = 3,
  Bytes = 4,
  Null = 5,
}

export interface Template {
  readonly type: FormType;
  readonly parts: readonly Part[];
  readonly weight: number;
}

const MAX_TEMPLATES = 24;
const MAX_PARTS = 40;
/** Longer runs of characters are cut to this: a form, not a copy. */
const MAX_RUN = 64;
/** Percent-escapes of punctuation (RFC 3986, 2.1) are punctuation, not digits and letters. */
const ESCAPE = '%(?:2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Eb-e]|7[B-Db-d])';
const TOKEN = new RegExp(`${ESCAPE}|[0-9a-f]{8,}|[0-9A-F]{8,}|\\d+|[a-z]+|[A-Z]+|[^0-9a-zA-Z%]+|%`, 'g');

function tokens(text: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of text.slice(0, 2000).matchAll(TOKEN)) {
    const length = Math.min(MAX_RUN, token.length);
    let kind = PartKind.Literal;
    if (/^\d+$/.test(token)) {
      kind = PartKind.Digits;
    } else if (/^[0-9a-f]{8,}$/.test(token) && /\d/.test(token)) {
      kind = PartKind.LowerHex;
    } else if (/^[0-9A-F]{8,}$/.test(token) && /\d/.test(token)) {
      kind = PartKind.UpperHex;
    } else if (/^[a-z]+$/.test(token)) {
      kind = PartKind.Letters;
    } else if (/^[A-Z]+$/.test(token)) {
      kind = PartKind.Capitals;
    }
    // letters beyond ASCII are words too: they must not survive as punctuation
    const text =
      kind === PartKind.Literal && !token.startsWith('%')
        ? token.replace(/[^\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/g, '_')
        : token;
    parts.push({ kind, text, min: length, max: length });
    if (parts.length === MAX_PARTS) {
      break;
    }
  }
  return parts;
}

function isWord(part: Part): boolean {
  return part.kind === PartKind.Letters || part.kind === PartKind.Capitals;
}

/** Words kept. */
function worded(parts: readonly Part[]): Part[] {
  return parts.map((part) => (isWord(part) ? { ...part, kind: PartKind.Literal } : part));
}

function keyOf(type: FormType, parts: readonly Part[]): string {
  return `${type}${parts.map((part) => (part.kind === PartKind.Literal ? `"${part.text}"` : part.kind)).join('')}`;
}

function formOf(value: AttributeValue): { type: FormType; text: string } {
  switch (typeof value) {
    case 'string':
      return { type: FormType.String, text: value };
    case 'bigint':
      return { type: FormType.Int, text: String(value) };
    case 'number':
      return { type: FormType.Double, text: Number.isFinite(value) ? String(value) : '0' };
    case 'boolean':
      return { type: FormType.Bool, text: '' };
  }
  if (value instanceof Uint8Array) {
    return {
      type: FormType.Bytes,
      text: Buffer.from(value)
        .toString('hex')
        .slice(0, 2 * MAX_RUN),
    };
  }
  if (value === null || value instanceof KeyValueList) {
    return { type: FormType.Null, text: '' };
  }
  return { type: FormType.String, text: value.map((item) => formOf(item).text).join(',') };
}

interface Gathered {
  type: FormType;
  parts: Part[];
  count: number;
  traces: number;
  lastTrace: number;
}

function gather(map: Map<string, Gathered>, type: FormType, parts: Part[], trace: number): Gathered {
  const key = keyOf(type, parts);
  let found = map.get(key);
  if (found === undefined) {
    found = { type, parts, count: 0, traces: 0, lastTrace: -1 };
    map.set(key, found);
  }
  found.count++;
  if (found.lastTrace !== trace) {
    found.lastTrace = trace;
    found.traces++;
  }
  found.parts = found.parts.map((part, i) => ({
    ...part,
    min: Math.min(part.min, (parts[i] as Part).min),
    max: Math.max(part.max, (parts[i] as Part).max),
  }));
  return found;
}

/**
 * Learns the forms of values.
 * @param values - with the trace each was seen in
 * @param k - a form keeps its words when at least this many traces share it
 */
export function learnTemplates(values: ReadonlyArray<{ value: AttributeValue; trace: number }>, k: number): Template[] {
  const withWords = new Map<string, Gathered>();
  const parsed = values.map(({ value, trace }) => {
    const { type, text } = formOf(value);
    const parts = tokens(text);
    return { type, parts, trace, form: gather(withWords, type, worded(parts), trace) };
  });
  const bare = new Map<string, Gathered>();
  for (const item of parsed) {
    if (item.form.traces < k) {
      gather(bare, item.type, item.parts, item.trace);
    }
  }
  const kept = [...[...withWords.values()].filter((form) => form.traces >= k), ...bare.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_TEMPLATES);
  return kept.map((form) => ({
    type: form.type,
    parts: form.parts.map((part) => (part.kind === PartKind.Literal ? part : { ...part, text: '' })),
    weight: form.count,
  }));
}

const ALPHABETS: Record<number, string> = {
  [PartKind.Digits]: '0123456789',
  [PartKind.LowerHex]: '0123456789abcdef',
  [PartKind.UpperHex]: '0123456789ABCDEF',
  [PartKind.Letters]: 'abcdefghijklmnopqrstuvwxyz',
  [PartKind.Capitals]: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
};

/**
 * Writes a value in one of the forms.
 * @param random - gives the next integer below its argument
 */
export function writeForm(templates: readonly Template[], random: (below: number) => number): AttributeValue {
  const total = templates.reduce((sum, template) => sum + template.weight, 0);
  let left = total > 0 ? random(total) : 0;
  const template = templates.find((candidate) => (left -= candidate.weight) < 0);
  if (template === undefined) {
    return null;
  }
  let text = '';
  for (const part of template.parts) {
    if (part.kind === PartKind.Literal) {
      text += part.text;
      continue;
    }
    const length = part.min + (part.max > part.min ? random(part.max - part.min + 1) : 0);
    const alphabet = ALPHABETS[part.kind] as string;
    for (let i = 0; i < length; i++) {
      // a number does not begin with a zero
      const skip = part.kind === PartKind.Digits && i === 0 && length > 1 ? 1 : 0;
      text += alphabet[skip + random(alphabet.length - skip)];
    }
  }
  switch (template.type) {
    case FormType.String:
      return text;
    case FormType.Int: {
      const digits = /^-?\d{1,18}/.exec(text);
      return digits === null ? 0n : BigInt(digits[0]);
    }
    case FormType.Double: {
      const value = Number.parseFloat(text);
      return Number.isFinite(value) ? value : 0;
    }
    case FormType.Bool:
      return random(2) === 1;
    case FormType.Bytes:
      return Uint8Array.from(Buffer.from(text.slice(0, text.length & ~1), 'hex'));
    default:
      return null;
  }
}

/** Writes forms. */
export function writeTemplates(writer: ByteWriter, templates: readonly Template[]): void {
  writer.varint(templates.length);
  for (const template of templates) {
    writer.byte(template.type);
    writer.varint(template.weight);
    writer.varint(template.parts.length);
    for (const part of template.parts) {
      writer.byte(part.kind);
      if (part.kind === PartKind.Literal) {
        writer.string(part.text);
      } else {
        writer.varint(part.min);
        writer.varint(part.max - part.min);
      }
    }
  }
}

/** Reads what {@link writeTemplates} wrote. */
export function readTemplates(reader: ByteReader): Template[] {
  return Array.from({ length: reader.count(3) }, (): Template => {
    const type = reader.byte();
    const weight = reader.varint(2 ** 40);
    if (type > FormType.Null) {
      reader.fail('unknown type of a form');
    }
    const parts = Array.from({ length: reader.count(2) }, (): Part => {
      const kind = reader.byte();
      if (kind === PartKind.Literal) {
        return { kind, text: reader.string(), min: 0, max: 0 };
      }
      if (kind > PartKind.Capitals) {
        reader.fail('unknown part of a form');
      }
      const min = reader.varint(MAX_RUN);
      return { kind, text: '', min, max: min + reader.varint(MAX_RUN) };
    });
    return { type, weight, parts };
  });
}
