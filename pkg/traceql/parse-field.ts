/** @file Field expressions: what stands between `{` and `}`, in by(…) and in aggregates. A Pratt parser. */
import { KIND_NAMES, STATUS_NAMES, type AttributeRef, type BinaryOperator, type FieldExpr, type Static } from './ast';
import type { Cursor } from './cursor';
import { BINARY_LEVEL } from './depth';
import { makeBinary, makeUnary } from './fold';
import { INTRINSICS, intrinsicOf, intrinsicsOfScope } from './intrinsics';
import { syntaxError } from './syntax-error';
import type { Token } from './lexer';

const NOT_LEVEL = 5;
const MINUS_LEVEL = 4;

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const WORD_STATICS = new Map<string, Static>([
  ['true', { type: 'bool', value: true }],
  ['false', { type: 'bool', value: false }],
  ['nil', { type: 'nil' }],
  ['minInt', { type: 'int', value: MIN_INT64 }],
  ['maxInt', { type: 'int', value: MAX_INT64 }],
  ...STATUS_NAMES.map((value): [string, Static] => [value, { type: 'status', value }]),
  ...KIND_NAMES.map((value): [string, Static] => [value, { type: 'kind', value }]),
]);

/** Whether a word is a literal. */
export function isStaticWord(word: string): boolean {
  return WORD_STATICS.has(word);
}

/** The literal that a token is, if it is one. */
export function staticOf(token: Token): Static | undefined {
  switch (token.kind) {
    case 'string':
      return { type: 'string', value: token.value };
    case 'int':
      return { type: 'int', value: token.value };
    case 'float':
      return { type: 'float', value: token.value };
    case 'duration':
      return { type: 'duration', value: token.value };
    case 'word':
      return WORD_STATICS.get(token.text);
    default:
      return undefined;
  }
}

/** Reads an attribute or intrinsic, or returns undefined when the current token is none. */
export function tryAttribute(cursor: Cursor): AttributeRef | undefined {
  const { token } = cursor;
  if (token.kind === 'attribute') {
    cursor.take();
    return { scope: token.scope, parent: token.parent, name: token.name };
  }
  if (token.kind === 'word' || token.kind === 'scoped') {
    const spelling = token.kind === 'word' ? token.text : `${token.scope}:${token.text}`;
    const intrinsic = intrinsicOf(spelling);
    if (intrinsic !== undefined) {
      cursor.take();
      return { scope: 'none', parent: false, name: intrinsic, intrinsic };
    }
    if (token.kind === 'scoped') {
      const known = intrinsicsOfScope(token.scope);
      const choice = known.length > 0 ? `, expected ${known.join(' or ')}` : '';
      throw syntaxError(cursor.text, token.at, `unknown intrinsic ${spelling}${choice}`);
    }
  }
  return undefined;
}

/** Reads an attribute or intrinsic, or fails. */
export function parseAttribute(cursor: Cursor): AttributeRef {
  const attribute = tryAttribute(cursor);
  if (attribute === undefined) {
    throw cursor.unexpected('an attribute such as span.http.method, or an intrinsic such as duration');
  }
  return attribute;
}

function parsePrefix(cursor: Cursor): FieldExpr {
  const { token } = cursor;
  const { at } = token;
  if (cursor.accept('(')) {
    const inner = cursor.nested(() => parseField(cursor));
    cursor.expect(')');
    return inner;
  }
  if (cursor.accept('!')) {
    return cursor.measured(
      makeUnary(
        '!',
        cursor.nested(() => parseBinary(cursor, NOT_LEVEL)),
        at
      )
    );
  }
  if (cursor.accept('-')) {
    return cursor.measured(
      makeUnary(
        '-',
        cursor.nested(() => parseBinary(cursor, MINUS_LEVEL + 1)),
        at
      )
    );
  }
  const value = staticOf(token);
  if (value !== undefined) {
    cursor.take();
    if (value.type === 'nil' && !['=', '!='].includes(cursor.symbol)) {
      throw syntaxError(cursor.text, at, 'nil can only be compared with = and !=');
    }
    return { kind: 'static', value, at };
  }
  const attribute = tryAttribute(cursor);
  if (attribute === undefined) {
    throw cursor.unexpected(token.kind === 'word' ? undefined : 'an attribute, an intrinsic or a value');
  }
  return { kind: 'attribute', attribute, at };
}

function parseBinary(cursor: Cursor, minimum: number): FieldExpr {
  let left = parsePrefix(cursor);
  for (;;) {
    const operator = cursor.symbol as BinaryOperator;
    const level = BINARY_LEVEL[operator] as number | undefined;
    if (level === undefined || level < minimum) {
      return left;
    }
    const { at } = cursor.take();
    // nil is an operand of = and != only, and binds to nothing else.
    if (cursor.isWord('nil')) {
      if (operator !== '=' && operator !== '!=') {
        throw cursor.unexpected(`a value (nil can only be compared with = and !=)`);
      }
      const nil = cursor.take();
      left = makeBinary(operator, left, { kind: 'static', value: { type: 'nil' }, at: nil.at }, at);
      left = cursor.measured(left);
      continue;
    }
    // `^` is right-associative, the others left-associative.
    const right = cursor.nested(() => parseBinary(cursor, operator === '^' ? level : level + 1));
    left = cursor.measured(makeBinary(operator, left, right, at));
  }
}

/** Reads a field expression. */
export function parseField(cursor: Cursor): FieldExpr {
  return parseBinary(cursor, 0);
}

/** What a filter of constant truth looks like: `{ }`. */
export function trueExpression(at: number): FieldExpr {
  return { kind: 'static', value: { type: 'bool', value: true }, at };
}

/** Type of an intrinsic, or `attribute`. */
export function attributeType(
  attribute: AttributeRef
): (typeof INTRINSICS)[keyof typeof INTRINSICS]['type'] | 'attribute' {
  return attribute.intrinsic === undefined ? 'attribute' : INTRINSICS[attribute.intrinsic].type;
}
