/** @file The metrics half of the grammar: functions over time, second stages, hints. */
import type { AttributeRef, Hint, MetricsAggregate, SecondStage, SpansetFilter, Static } from './ast';
import type { Cursor } from './cursor';
import { intrinsicOf } from './intrinsics';
import { isStaticWord, parseAttribute, staticOf } from './parse-field';
import { syntaxError } from './syntax-error';

export const METRICS_FUNCTIONS = [
  'rate',
  'count_over_time',
  'min_over_time',
  'max_over_time',
  'avg_over_time',
  'sum_over_time',
  'quantile_over_time',
  'histogram_over_time',
  'compare',
] as const;

/** Values of an attribute that compare() keeps where the query does not say. */
export const COMPARE_DEFAULT_TOP = 10n;

const METRICS_WORDS = new Set<string>(METRICS_FUNCTIONS);

/** Whether the current token begins a metrics function. */
export function atMetrics(cursor: Cursor): boolean {
  return METRICS_WORDS.has(cursor.word);
}

function integer(cursor: Cursor): bigint {
  const { token } = cursor;
  if (token.kind !== 'int') {
    throw cursor.unexpected('a whole number');
  }
  cursor.take();
  return token.value;
}

function quantile(cursor: Cursor): number {
  const { token } = cursor;
  if (token.kind !== 'int' && token.kind !== 'float') {
    throw cursor.unexpected('a quantile between 0 and 1');
  }
  cursor.take();
  return Number(token.value);
}

function groupBy(cursor: Cursor): AttributeRef[] {
  const by: AttributeRef[] = [];
  if (cursor.isWord('by')) {
    cursor.take();
    cursor.expect('(', 'by');
    do {
      by.push(parseAttribute(cursor));
    } while (cursor.accept(','));
    cursor.expect(')');
  }
  return by;
}

function parseCompare(cursor: Cursor, at: number, parseFilter: (cursor: Cursor) => SpansetFilter): MetricsAggregate {
  if (!cursor.isSymbol('{')) {
    throw cursor.unexpected('a filter such as { status = error }');
  }
  const selection = parseFilter(cursor);
  const topN = cursor.accept(',') ? integer(cursor) : COMPARE_DEFAULT_TOP;
  let window: { start: bigint; end: bigint } | undefined;
  if (cursor.accept(',')) {
    const start = integer(cursor);
    cursor.expect(',', 'the start of the window');
    window = { start, end: integer(cursor) };
  }
  cursor.expect(')');
  return { kind: 'compare', selection, topN, ...(window === undefined ? {} : { window }), at };
}

/** Reads a metrics function; the current token is its name. */
export function parseMetricsAggregate(
  cursor: Cursor,
  parseFilter: (cursor: Cursor) => SpansetFilter
): MetricsAggregate {
  const name = cursor.word as (typeof METRICS_FUNCTIONS)[number];
  const { at } = cursor.take();
  cursor.expect('(', name);
  if (name === 'compare') {
    return parseCompare(cursor, at, parseFilter);
  }
  if (name === 'rate' || name === 'count_over_time') {
    cursor.expect(')');
    return { kind: name, by: groupBy(cursor), at };
  }
  const attribute = parseAttribute(cursor);
  if (name === 'quantile_over_time') {
    const quantiles: number[] = [];
    while (cursor.accept(',')) {
      quantiles.push(quantile(cursor));
    }
    if (quantiles.length === 0) {
      throw cursor.unexpected('a comma and a quantile between 0 and 1');
    }
    cursor.expect(')');
    return { kind: name, attribute, quantiles, by: groupBy(cursor), at };
  }
  cursor.expect(')');
  return { kind: name, attribute, by: groupBy(cursor), at };
}

/** Reads `| topk(n)`, `| bottomk(n)` and `> n` as long as they follow. */
export function parseSecondStages(cursor: Cursor, parseNumber: (cursor: Cursor) => Static): SecondStage[] {
  const stages: SecondStage[] = [];
  for (;;) {
    const { at } = cursor.token;
    const { symbol } = cursor;
    if (symbol === '|') {
      cursor.take();
      const kind = cursor.word;
      if (kind !== 'topk' && kind !== 'bottomk') {
        throw cursor.unexpected('topk(n) or bottomk(n)');
      }
      cursor.take();
      cursor.expect('(', kind);
      const limit = integer(cursor);
      cursor.expect(')');
      stages.push({ kind, limit, at });
    } else if (isMetricsComparison(symbol)) {
      cursor.take();
      stages.push({ kind: 'metricsFilter', operator: symbol, value: filterValue(parseNumber(cursor)), at });
    } else {
      return stages;
    }
  }
}

/** Comparisons a metrics filter can make. */
export function isMetricsComparison(symbol: string): symbol is '=' | '!=' | '<' | '<=' | '>' | '>=' {
  return ['=', '!=', '<', '<=', '>', '>='].includes(symbol);
}

/** The number a series is compared with; durations count in seconds. */
export function filterValue(value: Static): number {
  if (value.type === 'duration') {
    return Number(value.value) / 1e9;
  }
  return value.type === 'int' || value.type === 'float' ? Number(value.value) : NaN;
}

const RESERVED = new Set<string>([
  ...[...METRICS_FUNCTIONS, 'topk', 'bottomk', 'with', 'by', 'coalesce', 'select', 'count', 'min', 'max', 'avg', 'sum'],
]);

function isReserved(word: string): boolean {
  return RESERVED.has(word) || intrinsicOf(word) !== undefined || isStaticWord(word);
}

/** Reads `with (name = value, …)` as often as it follows; the last one holds. */
export function parseHints(cursor: Cursor): Hint[] {
  let hints: Hint[] = [];
  while (cursor.isWord('with')) {
    hints = [];
    cursor.take();
    cursor.expect('(', 'with');
    do {
      const name = cursor.word;
      if (name === '' || isReserved(name)) {
        throw cursor.unexpected('the name of a hint, which is no word of the language');
      }
      cursor.take();
      cursor.expect('=', 'the name of the hint');
      const { at } = cursor.token;
      const value = staticOf(cursor.token);
      if (value === undefined || value.type === 'nil') {
        throw syntaxError(cursor.text, at, 'a hint is set to a literal such as true, 0.5 or "text"');
      }
      cursor.take();
      hints.push({ name, value });
    } while (cursor.accept(','));
    cursor.expect(')');
  }
  return hints;
}
