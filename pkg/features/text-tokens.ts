/**
 * @file Text as parts: addresses, ids, times, numbers and words that keep their own rules when they are written anew.
 * What is recognised is standard: IPv4 and IPv6 (RFC 4291), UUID (RFC 9562), ULID, ISO 8601, names of Kubernetes pods.
 */

/** Kinds of parts of a form. Numbers are in files. */
export enum PartKind {
  Literal = 0,
  Digits = 1,
  LowerHex = 2,
  UpperHex = 3,
  Letters = 4,
  Capitals = 5,
  /** A number between `min` and `max`, padded with zeros to `width`. */
  Range = 6,
  /** A UUID; `min` and `max` are versions. */
  Uuid = 7,
  Ulid = 8,
  /** The characters that Kubernetes puts into names: no vowels, nothing that is easily misread. */
  PodName = 9,
  /** Digits and lower-case letters; digits and letters. */
  LowerAlnum = 10,
  Alnum = 11,
  /** A word too rare to keep, in running text: written `{word}`. */
  Word = 12,
  /** A part of an IPv4 address. */
  Octet = 13,
  /** A word that begins with a capital. */
  Title = 14,
}

/** A part: text kept as it is; or between `min` and `max` characters of a kind; or a number or version between them. */
export interface Part {
  readonly kind: PartKind;
  readonly text: string;
  readonly min: number;
  readonly max: number;
  /** Digits of a padded number; 0 = not padded. */
  readonly width: number;
}

/** What stands in running text for a word too rare to keep. */
export const WORD_PLACEHOLDER = '{word}';

const MAX_PARTS = 48;
const MAX_TEXT = 2000;
/** Longer runs of characters are cut to this: a form, not a copy. Bytes are two characters each. */
const MAX_RUN = 64;
export const MAX_BYTES_RUN = 256;
/** Longer numbers are digits without a range. */
const MAX_NUMBER_DIGITS = 15;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const POD_CHARACTERS = '[bcdfghjklmnpqrstvwxz2456789]';
/** Percent-escapes of punctuation (RFC 3986, 2.1) are punctuation, not digits and letters. */
const ESCAPE = '%(?:2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Eb-e]|7[B-Db-d])';

/** In order of preference; each is a named group of one expression. */
const RECOGNISERS: ReadonlyArray<readonly [string, string]> = [
  ['uuid', '(?<![0-9a-zA-Z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-zA-Z])'],
  [
    'time',
    '(?<!\\d)\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])' +
      '(?:[T ](?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?)?(?!\\d)',
  ],
  ['ipv4', `(?<![\\d.])${OCTET}(?:\\.${OCTET}){3}(?!\\.?\\d)`],
  ['ipv6', '(?<![0-9a-zA-Z:])(?=[0-9a-f:]*::|(?:[0-9a-f]+:){7})(?:[0-9a-f]{1,4}::?){1,7}[0-9a-f]{1,4}(?![0-9a-zA-Z:])'],
  ['ulid', '(?<![0-9a-zA-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9a-zA-Z])'],
  ['pod', `(?<=-)(?=[a-z]*\\d)${POD_CHARACTERS}{8,10}-${POD_CHARACTERS}{5}(?![0-9a-zA-Z])`],
  ['escape', ESCAPE],
  ['hex', '(?<![0-9a-zA-Z])(?=[a-f]*\\d)(?:[0-9a-f]{8,}|[0-9A-F]{8,})(?![0-9a-zA-Z])'],
  ['digits', '(?<![a-zA-Z])\\d+(?![0-9a-zA-Z])'],
  // letters and digits that change places often are one id, not words and numbers
  ['id', '(?=[0-9a-zA-Z]{8})[a-zA-Z]*\\d+(?:[a-zA-Z]+\\d+)+[0-9a-zA-Z]*'],
  ['number', '\\d+'],
  ['lower', '[a-z]+'],
  ['title', '[A-Z][a-z]+'],
  ['upper', '[A-Z]+(?![a-z])|[A-Z]'],
  ['other', '[^0-9a-zA-Z%]+|%'],
];
const TOKEN = new RegExp(RECOGNISERS.map(([name, expression]) => `(?<${name}>${expression})`).join('|'), 'g');

function part(kind: PartKind, text: string, min: number, max = min, width = 0): Part {
  return { kind, text, min, max, width };
}

const literal = (text: string): Part => part(PartKind.Literal, text, 0);
const run = (kind: PartKind, text: string): Part => part(kind, text, Math.min(MAX_RUN, text.length));

/** A number with its value; one that is padded, or too long, is digits. */
function numberPart(text: string): Part {
  return text.length > MAX_NUMBER_DIGITS || (text.length > 1 && text.startsWith('0'))
    ? run(PartKind.Digits, text)
    : part(PartKind.Range, text, Number(text));
}

/** Fields of a date or time have their own bounds, which hold whatever was seen. */
function timeParts(text: string): Part[] {
  const bounds = [
    [1, 12],
    [1, 28],
    [0, 23],
    [0, 59],
    [0, 59],
  ] as const;
  return (text.match(/\d+|\D/g) ?? []).flatMap((piece, n): Part[] => {
    if (!/\d/.test(piece)) {
      return [literal(piece)];
    }
    const field = n / 2;
    const [min, max] = bounds[field - 1] ?? [0, 0];
    return field === 0
      ? [part(PartKind.Range, piece, Number(piece), Number(piece), 4)]
      : field > bounds.length
        ? [run(PartKind.Digits, piece)]
        : [part(PartKind.Range, '', min, max, 2)];
  });
}

function partsOf(name: string, text: string): Part[] {
  switch (name) {
    case 'uuid':
      return [part(PartKind.Uuid, text, Number.parseInt(text.charAt(14), 16))];
    case 'time':
      return timeParts(text);
    case 'ipv4':
      return text.split('.').flatMap((octet, n) => {
        const own = part(PartKind.Octet, octet, Number(octet));
        return n === 0 ? [own] : [literal('.'), own];
      });
    case 'ipv6':
      return (text.match(/[0-9a-f]+|:+/g) ?? []).map((piece) =>
        piece.startsWith(':') ? literal(piece) : run(PartKind.LowerHex, piece)
      );
    case 'ulid':
      return [part(PartKind.Ulid, text, 26)];
    case 'pod':
      return text
        .split('-')
        .flatMap((piece, n) => (n === 0 ? [] : [literal('-')]).concat(run(PartKind.PodName, piece)));
    case 'hex':
      return [
        run(/[a-f]/.test(text) ? PartKind.LowerHex : /[A-F]/.test(text) ? PartKind.UpperHex : PartKind.Digits, text),
      ];
    case 'digits':
    case 'number':
      return [numberPart(text)];
    case 'id':
      return [run(/[A-Z]/.test(text) ? PartKind.Alnum : PartKind.LowerAlnum, text)];
    case 'lower':
      return [run(PartKind.Letters, text)];
    case 'title':
      return [run(PartKind.Title, text)];
    case 'upper':
      return [run(PartKind.Capitals, text)];
    case 'escape':
      return [literal(text)];
    default:
      // letters beyond ASCII are words too: they must not survive as punctuation
      return [literal(text.replace(/[^\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\t\r\n]/g, '_'))];
  }
}

/** Cuts text into parts; each keeps its text. */
export function textParts(text: string): Part[] {
  const parts: Part[] = [];
  for (const { groups = {} } of text.slice(0, MAX_TEXT).matchAll(TOKEN)) {
    const name = RECOGNISERS.find(([candidate]) => groups[candidate] !== undefined)?.[0] ?? 'other';
    parts.push(...partsOf(name, groups[name] ?? ''));
    if (parts.length >= MAX_PARTS) {
      break;
    }
  }
  return parts.slice(0, MAX_PARTS);
}

/** Bytes as a part, from their hex digits. */
export function bytesPart(hex: string): Part {
  return part(PartKind.LowerHex, hex, Math.min(MAX_BYTES_RUN, hex.length & ~1));
}

/** Text as it is. */
export { literal as literalPart };

/** Whether a part is a word, which is kept only where enough traces have it. */
export function isWord({ kind }: Part): boolean {
  return kind === PartKind.Letters || kind === PartKind.Capitals || kind === PartKind.Title;
}

/** The words of a text. */
export function wordsOf(text: string): string[] {
  return textParts(text)
    .filter(isWord)
    .map((one) => one.text);
}
