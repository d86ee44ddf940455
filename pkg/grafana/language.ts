/** @file What the query editor asks about TraceQL itself: is this text a query, how is it laid out, what can be typed. */
import {
  FUNCTIONS,
  formatQuery,
  HINTS,
  INTRINSICS,
  isMetricsQuery,
  KEYWORDS,
  OPERATORS,
  parseQuery,
  SCOPES,
  TraceqlError,
} from '../traceql';

/** One error: lines and columns count from 1; `endColumn` is one past the last character, on the same line. */
export interface QueryError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** Answer of the resource `check`. */
export type QueryCheck =
  | { readonly kind: 'search' | 'metrics'; readonly formatted: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'error'; readonly error: QueryError };

const WORD = /[\w.:"`-]+|\S/y;

function endColumnOf(text: string, line: number, column: number): number {
  const ofLine = text.split('\n')[line - 1] ?? '';
  WORD.lastIndex = column - 1;
  return column + (WORD.exec(ofLine)?.[0].length ?? 1);
}

/** Reads a query without running it. Never throws for its text. */
export function checkQuery(text: string): QueryCheck {
  if (text.trim() === '') {
    return { kind: 'empty' };
  }
  try {
    return { kind: isMetricsQuery(parseQuery(text)) ? 'metrics' : 'search', formatted: formatQuery(text) };
  } catch (error) {
    if (!(error instanceof TraceqlError)) {
      throw error;
    }
    const { code, hint, line, column } = error;
    const message = error.message.replace(/^parse error at line \d+, col \d+: | \(line \d+, col \d+\)$/, '');
    return { kind: 'error', error: { code, message, hint, line, column, endColumn: endColumnOf(text, line, column) } };
  }
}

/** Answer of the resource `language`: everything an editor can complete and explain, from the engine's own tables. */
export function describeLanguage() {
  return {
    scopes: SCOPES,
    intrinsics: Object.values(
      INTRINSICS as Record<string, { bare?: string; scoped?: string; type: string; help: string }>
    )
      .filter(({ type }) => type !== 'nil')
      .map(({ bare, scoped, type, help }) => ({ bare, scoped, type, help })),
    keywords: KEYWORDS,
    functions: FUNCTIONS,
    operators: OPERATORS,
    hints: HINTS,
  };
}
