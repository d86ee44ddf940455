/** @file What can be typed at a place of a query. */
import { tokenize, type Token } from './tokens';

export interface Situation {
  readonly kind:
    | 'empty'
    /** An attribute, an intrinsic or a literal. */
    | 'operand'
    /** A comparison after an attribute. */
    | 'operator'
    /** A value to compare `attribute` with. */
    | 'value'
    /** After a whole condition: and, or, the end of the braces. */
    | 'joint'
    /** After braces: another spanset or a stage. */
    | 'afterSpanset'
    /** After a pipe. */
    | 'stage'
    /** After a function: a comparison, `by`, `with` or a pipe. */
    | 'afterStage'
    /** Inside `with (…)`. */
    | 'hint'
    | 'none';
  /** Where the text begins that a suggestion replaces; it ends at the cursor. */
  readonly start: number;
  /** The attribute whose value is asked for. */
  readonly attribute?: string;
  /** The quotation mark of the string that the cursor is in. */
  readonly quote?: string;
  /** The query before the value: values are offered of spans that match the rest. */
  readonly filter?: string;
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^']);
const JOINTS: ReadonlySet<string> = new Set(['&&', '||', '!', '(', ',', '{']);

/** The bracket that encloses the end of the tokens, and the tokens before it. */
function enclosing(tokens: readonly Token[]): { bracket: string; at: number } {
  let depth = 0;
  for (let i = tokens.length - 1; i >= 0; i--) {
    const { kind, text } = tokens[i] as Token;
    if (kind !== 'symbol') {
      continue;
    }
    if (text === ')' || text === '}') {
      depth++;
    } else if (text === '(' || text === '{') {
      if (depth === 0) {
        return { bracket: text, at: i };
      }
      depth--;
    }
  }
  return { bracket: '', at: -1 };
}

function isOperand(token: Token | undefined): boolean {
  return token !== undefined && ['attribute', 'word', 'string', 'number'].includes(token.kind);
}

/** Inside braces, or inside the brackets of a function. */
function insideBrackets(text: string, tokens: readonly Token[], start: number): Situation {
  const last = tokens.at(-1);
  const before = tokens.at(-2);
  if (last === undefined || (last.kind === 'symbol' && (JOINTS.has(last.text) || ARITHMETIC.has(last.text)))) {
    return { kind: 'operand', start };
  }
  if (last.kind === 'symbol' && COMPARISONS.has(last.text)) {
    const isName = before?.kind === 'attribute' || before?.kind === 'word';
    return isName
      ? { kind: 'value', start, attribute: before.text, filter: text.slice(0, start) }
      : { kind: 'operand', start };
  }
  if (last.text === ')') {
    return { kind: 'joint', start };
  }
  if (!isOperand(last)) {
    return { kind: 'none', start };
  }
  const isValue = before?.kind === 'symbol' && COMPARISONS.has(before.text);
  return { kind: isValue || last.kind === 'string' || last.kind === 'number' ? 'joint' : 'operator', start };
}

function outsideBrackets(tokens: readonly Token[], start: number): Situation {
  const last = tokens.at(-1);
  if (last === undefined) {
    return { kind: 'empty', start };
  }
  switch (last.text) {
    case '|':
      return { kind: 'stage', start };
    case '}':
      return { kind: 'afterSpanset', start };
    default:
      return last.kind === 'symbol' && last.text !== ')' ? { kind: 'empty', start } : { kind: 'afterStage', start };
  }
}

/** What can be typed at `offset` of `text`. */
export function situationAt(text: string, offset: number): Situation {
  const tokens = tokenize(text.slice(0, offset));
  const last = tokens.at(-1);
  if (last?.kind === 'comment') {
    return last.open ? { kind: 'none', start: offset } : situationOf(text, tokens.slice(0, -1), offset);
  }
  if (last?.kind === 'string' && last.open) {
    const inside = situationOf(text, tokens.slice(0, -1), last.start);
    return inside.kind === 'value'
      ? { ...inside, start: last.start + 1, quote: last.text[0] }
      : { kind: 'none', start: offset };
  }
  // A word that the cursor touches is still being typed.
  const typing = last !== undefined && last.end === offset && ['attribute', 'word', 'number'].includes(last.kind);
  return typing ? situationOf(text, tokens.slice(0, -1), last.start) : situationOf(text, tokens, offset);
}

function situationOf(text: string, all: readonly Token[], start: number): Situation {
  const tokens = all.filter(({ kind }) => kind !== 'comment');
  const { bracket, at } = enclosing(tokens);
  if (bracket === '') {
    return outsideBrackets(tokens, start);
  }
  if (bracket === '(' && tokens[at - 1]?.text === 'with') {
    return { kind: 'hint', start };
  }
  return insideBrackets(text, tokens.slice(at + 1), start);
}
