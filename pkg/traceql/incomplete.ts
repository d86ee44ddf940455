/** @file Queries that are still being typed: what is whole is kept, what is not becomes `true`. */
import type { Query } from './ast';
import { Lexer, type Token } from './lexer';
import { parseQuery } from './query';
import { TraceqlError } from './syntax-error';

const COMPARISONS = new Set(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);
const JOINS = new Set(['&&', '||']);

function symbolOf(token: Token | undefined): string {
  return token?.kind === 'symbol' ? token.text : '';
}

// Tokens up to where the text stops being tokens (an open string, a half-typed name).
function tokensOf(text: string): Token[] {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  try {
    for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
      tokens.push(token);
    }
  } catch (error) {
    if (!(error instanceof TraceqlError)) {
      throw error;
    }
  }
  return tokens;
}

/** The text of the braces that begin at token `from`, each unfinished comparison replaced by `true`; and where they end. */
function mend(text: string, tokens: readonly Token[], from: number): { text: string; next: number } {
  const pieces: string[] = [];
  // Where the current operand began, in pieces, one entry a parenthesis.
  const starts: number[] = [0];
  let at = from + 1;
  const endOperand = () => {
    const start = starts.at(-1) ?? 0;
    const last = pieces.at(-1) ?? '';
    if (pieces.length === start) {
      pieces.push('true');
    } else if (COMPARISONS.has(last) || ['+', '-', '*', '/', '%', '^', '!'].includes(last)) {
      pieces.splice(start, pieces.length - start, 'true');
    }
  };
  for (; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const symbol = symbolOf(token);
    if (symbol === '}' || symbol === '{' || symbol === '|') {
      break;
    }
    if (symbol === '(') {
      pieces.push('(');
      starts.push(pieces.length);
    } else if (symbol === ')') {
      if (starts.length === 1) {
        break;
      }
      endOperand();
      starts.pop();
      pieces.push(')');
    } else if (JOINS.has(symbol)) {
      endOperand();
      pieces.push(symbol);
      starts[starts.length - 1] = pieces.length;
    } else {
      pieces.push(text.slice(token.at, token.end));
    }
  }
  while (starts.length > 1) {
    endOperand();
    starts.pop();
    pieces.push(')');
  }
  if (pieces.length > 0) {
    endOperand();
  }
  return { text: `{ ${pieces.join(' ')} }`, next: symbolOf(tokens[at]) === '}' ? at + 1 : at };
}

function tryParse(text: string): Query | undefined {
  try {
    return parseQuery(text);
  } catch (error) {
    if (error instanceof TraceqlError) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Reads a query that may be incomplete, as tag values are asked for with: comparisons without a value, open strings and
 * braces. Parts that do not parse are dropped (they count as true); '' and text without a usable filter give `{ }`.
 * Never throws for its text.
 */
export function parseIncomplete(text: string): Query {
  const whole = tryParse(text);
  if (whole !== undefined) {
    return whole;
  }
  const tokens = tokensOf(text);
  const mended: string[] = [];
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at] as Token;
    if (symbolOf(token) === '{') {
      const piece = mend(text, tokens, at);
      mended.push(piece.text);
      at = Math.max(at + 1, piece.next);
    } else {
      mended.push(text.slice(token.at, token.end));
      at++;
    }
  }
  const repaired = tryParse(mended.join(' '));
  if (repaired !== undefined) {
    return repaired;
  }
  // The first filter alone, if it is one.
  const first = mended.find((piece) => piece.startsWith('{'));
  const query = first === undefined ? undefined : tryParse(first);
  return query ?? parseQuery('{ }');
}
