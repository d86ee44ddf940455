/**
 * @file Values too rare to keep, as forms: `/user/8812` and `/user/97` become `/user/{80…9000}`. A form keeps its words,
 * and what never varies in it, only where enough traces have them; arrays and maps are forms of forms.
 */
import { ByteReader, ByteWriter } from '../model';
import { KeyValueList, type AttributeValue } from '../trace';
import { MAX_BYTES_RUN, PartKind, WORD_PLACEHOLDER, type Part } from './text-tokens';

/** What type a written value has. */
export enum FormType {
  String = 0,
  Int = 1,
  Double = 2,
  Bool = 3,
  Bytes = 4,
  Null = 5,
  /** Items follow. */
  Array = 6,
  /** Items follow, with their keys. */
  List = 7,
}

/** The form of one value: parts of its text, or the forms of its items. */
export interface Form {
  readonly type: FormType;
  readonly parts: readonly Part[];
  readonly items: readonly Form[];
  /** Keys of the items of a map. */
  readonly keys: readonly string[];
}

export interface Template extends Form {
  readonly weight: number;
}

/** Gives the next integer below its argument. */
type Random = (below: number) => number;

export const MAX_FORM_DEPTH = 8;

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALPHABETS: Record<number, string> = {
  [PartKind.Digits]: '0123456789',
  [PartKind.LowerHex]: '0123456789abcdef',
  [PartKind.UpperHex]: '0123456789ABCDEF',
  [PartKind.Letters]: LOWER,
  [PartKind.Capitals]: LOWER.toUpperCase(),
  [PartKind.Ulid]: '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
  [PartKind.PodName]: 'bcdfghjklmnpqrstvwxz2456789',
  [PartKind.LowerAlnum]: `0123456789${LOWER}`,
  [PartKind.Alnum]: `0123456789${LOWER}${LOWER.toUpperCase()}`,
};

function characters(kind: PartKind, length: number, random: Random): string {
  const alphabet = ALPHABETS[kind] ?? LOWER;
  let text = '';
  for (let i = 0; i < length; i++) {
    // a number does not begin with a zero
    const skip = kind === PartKind.Digits && i === 0 && length > 1 ? 1 : 0;
    text += alphabet[skip + random(alphabet.length - skip)];
  }
  return text;
}

function between(min: number, max: number, random: Random): number {
  const span = max - min + 1;
  // two draws where one has too few steps
  return span <= 2 ** 31 ? min + random(span) : min + Math.floor((random(2 ** 31) / 2 ** 31) * span);
}

function writePart({ kind, text, min, max, width }: Part, random: Random): string {
  switch (kind) {
    case PartKind.Literal:
      return text;
    case PartKind.Word:
      return WORD_PLACEHOLDER;
    case PartKind.Octet:
    case PartKind.Range:
      return String(between(min, max, random)).padStart(width, '0');
    case PartKind.Uuid: {
      const hex = (length: number): string => characters(PartKind.LowerHex, length, random);
      const version = between(min, max, random).toString(16);
      // the two bits of RFC 9562's variant
      return `${hex(8)}-${hex(4)}-${version}${hex(3)}-${'89ab'[random(4)]}${hex(3)}-${hex(12)}`;
    }
    case PartKind.Ulid:
      // the first character of 128 bits in base 32 is at most 7; of this century's times it is 0
      return `0${characters(kind, 25, random)}`;
    default: {
      const length = min + (max > min ? random(max - min + 1) : 0);
      if (kind === PartKind.Title) {
        return characters(PartKind.Capitals, 1, random) + characters(PartKind.Letters, Math.max(0, length - 1), random);
      }
      // padded numbers may begin with zeros
      return kind === PartKind.Digits && width > 0
        ? Array.from({ length }, () => String(random(10))).join('')
        : characters(kind, length, random);
    }
  }
}

function writeOne(form: Form, random: Random): AttributeValue {
  switch (form.type) {
    case FormType.Array:
      return form.items.map((item) => writeOne(item, random));
    case FormType.List:
      return new KeyValueList(
        form.items.map((item, i) => ({ key: form.keys[i] ?? '', value: writeOne(item, random) }))
      );
    case FormType.Bool:
      return random(2) === 1;
    case FormType.Null:
      return null;
    default:
  }
  const text = form.parts.map((part) => writePart(part, random)).join('');
  switch (form.type) {
    case FormType.Int: {
      const digits = /^-?\d{1,18}/.exec(text);
      return digits === null ? 0n : BigInt(digits[0]);
    }
    case FormType.Double: {
      const value = Number.parseFloat(text);
      return Number.isFinite(value) || /^(?:NaN|-?Infinity)$/.test(text) ? value : 0;
    }
    case FormType.Bytes:
      return Uint8Array.from(Buffer.from(text.slice(0, text.length & ~1), 'hex'));
    default:
      return text;
  }
}

/**
 * Writes a value in one of the forms.
 * @param random - gives the next integer below its argument
 */
export function writeForm(templates: readonly Template[], random: Random): AttributeValue {
  const total = templates.reduce((sum, template) => sum + template.weight, 0);
  let left = total > 0 ? random(total) : 0;
  const template = templates.find((candidate) => (left -= candidate.weight) < 0);
  return template === undefined ? null : writeOne(template, random);
}

function writeParts(writer: ByteWriter, form: Form): void {
  writer.byte(form.type);
  if (form.type === FormType.Array || form.type === FormType.List) {
    writer.varint(form.items.length);
    form.items.forEach((item, i) => {
      if (form.type === FormType.List) {
        writer.string(form.keys[i] ?? '');
      }
      writeParts(writer, item);
    });
    return;
  }
  writer.varint(form.parts.length);
  for (const { kind, text, min, max, width } of form.parts) {
    writer.byte(kind);
    switch (kind) {
      case PartKind.Literal:
        writer.string(text);
        break;
      case PartKind.Word:
        break;
      default:
        writer.varint(min);
        writer.varint(max - min);
    }
    if (kind === PartKind.Range || kind === PartKind.Digits) {
      writer.byte(width);
    }
  }
}

/** Writes forms. */
export function writeTemplates(writer: ByteWriter, templates: readonly Template[]): void {
  writer.varint(templates.length);
  for (const template of templates) {
    writer.varint(template.weight);
    writeParts(writer, template);
  }
}

function readPart(reader: ByteReader, format: number): Part {
  const kind = reader.byte();
  if (kind > (format === 0 ? PartKind.Capitals : PartKind.Title)) {
    reader.fail('unknown part of a form');
  }
  if (kind === PartKind.Literal || kind === PartKind.Word) {
    return { kind, text: kind === PartKind.Literal ? reader.string() : '', min: 0, max: 0, width: 0 };
  }
  const most = kind === PartKind.Range ? 2 ** 50 : MAX_BYTES_RUN;
  const min = reader.varint(most);
  const max = min + reader.varint(most);
  const width = format > 0 && (kind === PartKind.Range || kind === PartKind.Digits) ? reader.byte() : 0;
  return { kind, text: '', min, max, width };
}

/** Reads a form, or what format 0 has in its place: type, weight and parts. */
function readParts(reader: ByteReader, type: number, format: number, depth: number): Form {
  if (type > (format === 0 ? FormType.Null : FormType.List) || depth > MAX_FORM_DEPTH) {
    reader.fail('unknown type of a form, or forms nested too deeply');
  }
  if (type === FormType.Array || type === FormType.List) {
    const keys: string[] = [];
    const items = Array.from({ length: reader.count(2) }, () => {
      if (type === FormType.List) {
        keys.push(reader.string());
      }
      return readParts(reader, reader.byte(), format, depth + 1);
    });
    return { type, parts: [], items, keys };
  }
  return { type, parts: Array.from({ length: reader.count() }, () => readPart(reader, format)), items: [], keys: [] };
}

/**
 * Reads what {@link writeTemplates} wrote.
 * @param format - of the attribute model or of the resources; 0 knows fewer kinds of parts, and no arrays or maps
 */
export function readTemplates(reader: ByteReader, format: number): Template[] {
  return Array.from({ length: reader.count(3) }, (): Template => {
    const first = format === 0 ? reader.byte() : 0;
    const weight = reader.varint(2 ** 40);
    return { weight, ...readParts(reader, format === 0 ? first : reader.byte(), format, 0) };
  });
}
