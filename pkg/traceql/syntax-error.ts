/** @file Errors of the language, with the place in the query where they are. */
import { GentError, type ErrorCode } from '../common';

/** A query that cannot be used. `line` and `column` count from 1 and point into the query's text. */
export class TraceqlError extends GentError {
  readonly line: number;
  readonly column: number;

  constructor(code: ErrorCode, message: string, line: number, column: number) {
    super(code, message);
    this.name = 'TraceqlError';
    this.line = line;
    this.column = column;
  }
}

/** Line and column (from 1, in UTF-16 units) of an offset into `text`. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: offset - start + 1 };
}

/** A query that does not follow the grammar. */
export function syntaxError(text: string, offset: number, message: string): TraceqlError {
  const { line, column } = positionOf(text, offset);
  return new TraceqlError('TRACEQL_SYNTAX', `parse error at line ${line}, col ${column}: ${message}`, line, column);
}

/** A query that follows the grammar but means nothing (types, ranges), or that TraceQL does not support yet. */
export function meaningError(
  code: 'TRACEQL_INVALID' | 'TRACEQL_UNSUPPORTED',
  text: string,
  offset: number,
  message: string
): TraceqlError {
  const { line, column } = positionOf(text, offset);
  return new TraceqlError(code, `${message} (line ${line}, col ${column})`, line, column);
}
