/** @file TraceQL text → tokens, as far as an editor needs them: unfinished text is no error. The engine's lexer decides what is valid. */
import { literalEnd } from './text';

export interface Token {
  /** `attribute`: with a scope (`span.a`, `.a`, `span:name`). `word`: intrinsics, keywords, functions. `other`: anything else. */
  readonly kind: 'attribute' | 'word' | 'string' | 'number' | 'symbol' | 'comment' | 'other';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A string or a comment that is not closed. */
  readonly open?: boolean;
}

const ATTRIBUTE =
  /(?:parent\.)?(?:(?:span|resource|event|link|instrumentation)?\.(?:"(?:[^"\\]|\\.)*"?|[^\s"{}()=~!<>&|^,])*|(?:span|trace|event|link|instrumentation):\w*)/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:[nuµmshdw][nuµmshdw0-9.]*)?/y;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const SYMBOL = /!>>|!<<|&>>|&<<|!=|!~|!>|!<|&&|&>|&<|&~|=~|>=|>>|<=|<<|\|\||[!=<>~|{}(),+\-*/%^]/y;
const VARIABLE = /\$\{[^}]*\}|\$\w+|\[\[\w+\]\]/y;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function tokenAt(text: string, at: number): Token {
  const make = (kind: Token['kind'], length: number, open?: boolean): Token => ({
    kind,
    text: text.slice(at, at + length),
    start: at,
    end: at + length,
    ...(open ? { open } : {}),
  });
  const char = text[at] as string;
  if (char === '"' || char === '`') {
    const end = literalEnd(text, at);
    const closed = end - at > 1 && text[end - 1] === char && !(char === '"' && escapes(text, at, end - 1));
    return make('string', end - at, !closed);
  }
  if (text.startsWith('//', at)) {
    const end = text.indexOf('\n', at);
    return make('comment', (end < 0 ? text.length : end) - at, end < 0);
  }
  if (text.startsWith('/*', at)) {
    const end = text.indexOf('*/', at + 2);
    return make('comment', (end < 0 ? text.length : end + 2) - at, end < 0);
  }
  if (/\d/.test(char) || (char === '.' && /\d/.test(text[at + 1] ?? ''))) {
    return make('number', match(NUMBER, text, at)?.length ?? 1);
  }
  const variable = match(VARIABLE, text, at);
  if (variable !== undefined) {
    return make('number', variable.length);
  }
  for (const [kind, pattern] of [
    ['attribute', ATTRIBUTE],
    ['word', WORD],
    ['symbol', SYMBOL],
  ] as const) {
    const found = match(pattern, text, at);
    if (found !== undefined) {
      return make(kind, found.length);
    }
  }
  return make('other', 1);
}

// Whether the character at `at` is preceded by an odd number of backslashes.
function escapes(text: string, from: number, at: number): boolean {
  let count = 0;
  for (let i = at - 1; i > from && text[i] === '\\'; i--) {
    count++;
  }
  return count % 2 === 1;
}

/** All tokens of a text but white space. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at] as string)) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** The value of a string literal; a missing closing quote is no error. */
export function unquote(literal: string): string {
  const mark = literal[0];
  const inner = literal.slice(1, literal.length > 1 && literal.endsWith(mark ?? '') ? -1 : undefined);
  return mark === '`' ? inner : inner.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c));
}
