/** @file Text of a query → tokens. Attribute names are a mode of their own: after a scope nearly every character belongs to the name. */
import { parseDuration } from './duration';
import { syntaxError } from './syntax-error';

/** Where an attribute is looked up. `none`: span, then resource. */
export type Scope = 'none' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation';

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'end' }
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'scoped'; readonly scope: string; readonly text: string }
  | { readonly kind: 'attribute'; readonly scope: Scope; readonly parent: boolean; readonly name: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'duration'; readonly value: bigint }
);

const SYMBOLS = [
  ...['!>>', '!<<', '&>>', '&<<'],
  ...['!=', '!~', '!>', '!<', '&&', '&>', '&<', '&~', '=~', '>=', '>>', '<=', '<<', '||'],
  ...['!', '=', '>', '<', '~', '|', '{', '}', '(', ')', ',', '+', '-', '*', '/', '%', '^'],
];
const SYMBOLS_BY_FIRST = new Map<string, string[]>();
for (const symbol of SYMBOLS) {
  const first = symbol.charAt(0);
  SYMBOLS_BY_FIRST.set(first, [...(SYMBOLS_BY_FIRST.get(first) ?? []), symbol]);
}

const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const NAME_END = new Set('{}()=~!<>&|^,');
const SCOPE_START = /(?:parent\.(?:span\.|resource\.)?|span\.|resource\.|event\.|link\.|instrumentation\.|\.)/y;
const INTRINSIC_SCOPE = /(trace|span|event|link|instrumentation|parent):([\p{L}_][\p{L}\p{Nd}_]*)?/uy;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const DURATION_TAIL = /[nsuµμmhdwy0-9.]+/y;
const GO_ESCAPE = /\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;
const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};
const MAX_INT64 = 2n ** 63n - 1n;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function isSpace(character: string): boolean {
  return character <= ' ' ? SPACE.test(character) : character > '~' && SPACE.test(character);
}

/** Whether a character ends an attribute's name (or forces quotes round the name when it is printed). */
export function endsName(character: string): boolean {
  return NAME_END.has(character) || isSpace(character);
}

/** Reads tokens one after another; the parser asks for the next one and may look at the current one. */
export class Lexer {
  private at = 0;

  constructor(readonly text: string) {}

  /** @throws TraceqlError TRACEQL_SYNTAX where the text is no token */
  next(): Token {
    this.skipSpaceAndComments();
    const { text, at } = this;
    if (at >= text.length) {
      return { kind: 'end', at: text.length, end: text.length };
    }
    const character = text.charAt(at);
    if (character === '"') {
      return this.quoted();
    }
    if (character === '`') {
      return this.raw();
    }
    if (/[0-9]/.test(character) || (character === '.' && /[0-9]/.test(text.charAt(at + 1)))) {
      return this.number();
    }
    const scope = match(SCOPE_START, text, at);
    if (scope !== null) {
      return this.attribute(scope[0]);
    }
    const intrinsic = match(INTRINSIC_SCOPE, text, at);
    if (intrinsic !== null) {
      this.at += intrinsic[0].length;
      return { kind: 'scoped', scope: intrinsic[1] ?? '', text: intrinsic[2] ?? '', at, end: this.at };
    }
    const word = match(WORD, text, at);
    if (word !== null) {
      this.at += word[0].length;
      return { kind: 'word', text: word[0], at, end: this.at };
    }
    for (const symbol of SYMBOLS_BY_FIRST.get(character) ?? []) {
      if (text.startsWith(symbol, at)) {
        this.at += symbol.length;
        return { kind: 'symbol', text: symbol, at, end: this.at };
      }
    }
    const shown = String.fromCodePoint(text.codePointAt(at) ?? 0);
    throw syntaxError(
      text,
      at,
      character === "'" ? 'strings are written in "double quotes" or `backticks`' : `unexpected character ${shown}`
    );
  }

  private skipSpaceAndComments(): void {
    const { text } = this;
    for (;;) {
      while (this.at < text.length && isSpace(text.charAt(this.at))) {
        this.at++;
      }
      if (text.startsWith('//', this.at)) {
        const end = text.indexOf('\n', this.at);
        this.at = end < 0 ? text.length : end + 1;
      } else if (text.startsWith('/*', this.at)) {
        const end = text.indexOf('*/', this.at + 2);
        if (end < 0) {
          throw syntaxError(text, this.at, 'the comment is not closed with */');
        }
        this.at = end + 2;
      } else {
        return;
      }
    }
  }

  private number(): Token {
    const { text, at } = this;
    const literal = match(NUMBER, text, at)?.[0] ?? '';
    const tail = match(DURATION_TAIL, text, at + literal.length)?.[0] ?? '';
    if (tail !== '') {
      const value = parseDuration(literal + tail);
      if (value === undefined) {
        throw syntaxError(text, at, `${literal}${tail} is not a number or a duration such as 1h30m, 1.5s or 100us`);
      }
      this.at += literal.length + tail.length;
      return { kind: 'duration', value, at, end: this.at };
    }
    this.at += literal.length;
    if (/^\d+$/.test(literal)) {
      const value = literal.length > 20 ? MAX_INT64 + 1n : BigInt(literal);
      if (value > MAX_INT64) {
        throw syntaxError(text, at, `${literal.slice(0, 40)} does not fit a 64-bit integer`);
      }
      return { kind: 'int', value, at, end: this.at };
    }
    const value = Number(literal);
    if (!Number.isFinite(value)) {
      throw syntaxError(text, at, `${literal.slice(0, 40)} does not fit a 64-bit float`);
    }
    return { kind: 'float', value, at, end: this.at };
  }

  private raw(): Token {
    const { text, at } = this;
    const end = text.indexOf('`', at + 1);
    if (end < 0) {
      throw syntaxError(text, at, 'the string is not closed with `');
    }
    this.at = end + 1;
    // Go drops carriage returns from raw strings.
    return { kind: 'string', value: text.slice(at + 1, end).replaceAll('\r', ''), at, end: this.at };
  }

  private quoted(): Token {
    const { text, at } = this;
    let value = '';
    let i = at + 1;
    // \x and octal escapes give bytes; bytes in a row are decoded together as UTF-8.
    let bytes: number[] = [];
    const flush = () => {
      if (bytes.length > 0) {
        value += Buffer.from(bytes).toString('utf8');
        bytes = [];
      }
    };
    for (;;) {
      const character = text.charAt(i);
      if (character === '' || character === '\n') {
        throw syntaxError(text, at, 'the string is not closed with "');
      }
      if (character === '"') {
        flush();
        this.at = i + 1;
        return { kind: 'string', value, at, end: this.at };
      }
      if (character !== '\\') {
        flush();
        value += character;
        i++;
        continue;
      }
      const escape = match(GO_ESCAPE, text, i)?.[0];
      if (escape === undefined) {
        throw syntaxError(text, i, `invalid escape ${text.slice(i, i + 2)} in the string: write \\\\ for a backslash`);
      }
      const kind = escape.charAt(1);
      const simple = SIMPLE_ESCAPES[kind];
      if (simple !== undefined) {
        flush();
        value += String.fromCharCode(simple);
      } else if (kind === 'u' || kind === 'U') {
        flush();
        const code = parseInt(escape.slice(2), 16);
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
          throw syntaxError(text, i, `${escape} is not a character`);
        }
        value += String.fromCodePoint(code);
      } else {
        const code = kind === 'x' ? parseInt(escape.slice(2), 16) : parseInt(escape.slice(1), 8);
        if (code > 255) {
          throw syntaxError(text, i, `${escape} is not a byte`);
        }
        bytes.push(code);
      }
      i += escape.length;
    }
  }

  private attribute(prefix: string): Token {
    const { text, at } = this;
    let name = '';
    let i = at + prefix.length;
    let quotedParts = false;
    while (i < text.length && !endsName(text.charAt(i))) {
      if (text.charAt(i) !== '"') {
        name += text.charAt(i);
        i++;
        continue;
      }
      quotedParts = true;
      const open = i;
      i++;
      while (text.charAt(i) !== '"') {
        if (i >= text.length) {
          throw syntaxError(text, open, 'the quoted attribute name is not closed with "');
        }
        if (text.charAt(i) === '\\') {
          i++;
          if (text.charAt(i) !== '"' && text.charAt(i) !== '\\') {
            throw syntaxError(text, i - 1, 'invalid escape in an attribute name: only \\" and \\\\ are known');
          }
        }
        name += text.charAt(i);
        i++;
      }
      i++;
    }
    if (name === '' && !quotedParts) {
      throw syntaxError(text, at, `an attribute name must follow ${prefix} without a space`);
    }
    this.at = i;
    const parent = prefix.startsWith('parent.');
    const bare = parent ? prefix.slice('parent.'.length) : prefix;
    const scope = bare === '' || bare === '.' ? 'none' : (bare.slice(0, -1) as Scope);
    return { kind: 'attribute', scope, parent, name, at, end: this.at };
  }
}

/** How a token is named in messages. */
export function describeToken(text: string, token: Token): string {
  return token.kind === 'end' ? 'the end of the query' : text.slice(token.at, Math.min(token.end, token.at + 40));
}
