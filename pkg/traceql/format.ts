/** @file A query as a person would lay it out: even spaces, one stage a line when it is long. The words stay as they were typed. */
import { Lexer, type Token } from './lexer';
import { parseQuery } from './query';

/** Longer queries are broken before each stage. */
const LINE_LENGTH = 100;
const OPEN = new Set(['(', '{']);
// After these a minus or a bang belongs to the operand that follows.
const ENDS_OPERAND = new Set([')', '}']);

interface Piece {
  readonly token: Token;
  readonly text: string;
  /** Comments between the token before and this one, as they were typed. */
  readonly comments: string;
}

function piecesOf(text: string): { pieces: Piece[]; tail: string } {
  const lexer = new Lexer(text);
  const pieces: Piece[] = [];
  let end = 0;
  for (let token = lexer.next(); ; token = lexer.next()) {
    const comments = text.slice(end, token.at).trim();
    if (token.kind === 'end') {
      return { pieces, tail: comments };
    }
    pieces.push({ token, text: text.slice(token.at, token.end), comments });
    end = token.end;
  }
}

function isSymbol(piece: Piece | undefined, text: string): boolean {
  return piece?.token.kind === 'symbol' && piece.text === text;
}

function isUnary(piece: Piece, before: Piece | undefined): boolean {
  if (piece.token.kind !== 'symbol' || (piece.text !== '-' && piece.text !== '!')) {
    return false;
  }
  return before === undefined || (before.token.kind === 'symbol' && !ENDS_OPERAND.has(before.text));
}

/** Whether nothing stands between two pieces. */
function touches(before: Piece, piece: Piece, beforeIsUnary: boolean, second: Piece | undefined): boolean {
  const { text } = piece;
  if (beforeIsUnary || text === ',' || text === ')' || isSymbol(before, '(')) {
    return true;
  }
  if (isSymbol(piece, '(') && before.token.kind === 'word') {
    // `rate() by (name)` and `with (…)` follow something; `by(name)` as a stage is a call like the others.
    return !(before.text === 'with' || (before.text === 'by' && !isSymbol(second, '|')));
  }
  return false;
}

/**
 * Lays a query out: `{status=error}|count()>2` becomes `{ status = error } | count() > 2`. Literals, names, brackets and
 * comments stay as they are, so the result means the same.
 * @throws TraceqlError where the text is no query
 */
export function formatQuery(text: string): string {
  parseQuery(text);
  const { pieces, tail } = piecesOf(text);
  const oneLine = layOut(pieces, ' ');
  const formatted = oneLine.length > LINE_LENGTH ? layOut(pieces, '\n  ') : oneLine;
  return tail === '' ? formatted : `${formatted} ${tail}`;
}

function layOut(pieces: readonly Piece[], stageBreak: string): string {
  let out = '';
  let depth = 0;
  let beforeIsUnary = false;
  pieces.forEach((piece, i) => {
    const before = pieces[i - 1];
    const topLevelPipe = depth === 0 && isSymbol(piece, '|');
    if (piece.comments !== '') {
      out += `${out === '' ? '' : ' '}${piece.comments}${piece.comments.includes('//') ? '\n' : ' '}`;
    } else if (before !== undefined) {
      out += touches(before, piece, beforeIsUnary, pieces[i - 2]) ? '' : topLevelPipe ? stageBreak : ' ';
    }
    out += piece.text;
    beforeIsUnary = isUnary(piece, before);
    if (piece.token.kind === 'symbol') {
      depth += OPEN.has(piece.text) ? 1 : ENDS_OPERAND.has(piece.text) ? -1 : 0;
    }
  });
  return out;
}
