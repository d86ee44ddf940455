/** @file Small readings of TraceQL text that the editor needs without the engine. */
import type { AdHocVariableFilter } from '@grafana/data';

const METRICS = /\|\s*(rate|count_over_time|(min|max|avg|sum|quantile|histogram)_over_time|compare)\s*\(/;
const TRACE_ID = /^\s*[0-9a-fA-F]{1,32}\s*$/;

/** Whether the text asks for time series rather than traces. */
export function isMetricsText(text: string): boolean {
  return METRICS.test(text);
}

/** Whether the text is a trace id: up to 32 hex digits and nothing else. */
export function isTraceId(text: string): boolean {
  return TRACE_ID.test(text);
}

/** A string literal of TraceQL. */
export function quote(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

const REGEX_SPECIAL = /[.*+?^${}()|[\]\\]/g;

/**
 * How a template variable is written into a query: one value inside a literal as it is, several as the
 * alternatives of a regular expression. A value taken from a list is escaped, so `a.b` matches only itself.
 */
export function interpolateValue(
  value: string | string[] | number,
  variable: { multi?: boolean; includeAll?: boolean }
) {
  const escape = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
  if (Array.isArray(value)) {
    const parts = value.map((part) => escape(value.length > 1 ? part.replace(REGEX_SPECIAL, '\\$&') : part));
    return parts.join('|');
  }
  return variable.multi || variable.includeAll
    ? escape(String(value).replace(REGEX_SPECIAL, '\\$&'))
    : escape(String(value));
}

const KEYWORD_TAGS = new Set(['status', 'kind', 'span:status', 'span:kind']);
const NUMERIC = /^-?\d+(\.\d+)?(ns|us|µs|ms|s|m|h)?$/;
const ORDERED = new Set(['>', '<', '>=', '<=']);

/** One ad hoc filter as a TraceQL condition, or undefined when it is not complete. */
export function adHocCondition(filter: AdHocVariableFilter): string | undefined {
  const { key, operator, value } = filter;
  if (!key || !operator) {
    return undefined;
  }
  const tag =
    /^(span|resource|event|link|instrumentation|trace)[.:]|^\./.test(key) || !key.includes('.') ? key : `.${key}`;
  if (operator === '=|' || operator === '!=|') {
    const parts = (filter.values ?? [value]).map((part) => part.replace(REGEX_SPECIAL, '\\$&'));
    return `${tag}${operator === '=|' ? '=~' : '!~'}${quote(parts.join('|'))}`;
  }
  const bare =
    KEYWORD_TAGS.has(key) || (ORDERED.has(operator) && NUMERIC.test(value)) || value === 'true' || value === 'false';
  return `${tag}${operator}${bare ? value : quote(value)}`;
}

/**
 * Adds ad hoc filters to every `{ … }` of a query: `{ A } >> { B }` becomes `{ (A) && f } >> { (B) && f }`.
 * Braces inside string literals are left alone.
 */
export function addAdHocFilters(query: string, filters: AdHocVariableFilter[] | undefined): string {
  const conditions = (filters ?? []).map(adHocCondition).filter((text) => text !== undefined);
  if (conditions.length === 0 || isTraceId(query)) {
    return query;
  }
  const extra = conditions.join(' && ');
  let out = '';
  let start = -1;
  for (let i = 0; i < query.length; i++) {
    const char = query[i];
    if (char === '"' || char === '`') {
      const end = literalEnd(query, i);
      if (start < 0) {
        out += query.slice(i, end);
      }
      i = end - 1;
    } else if (char === '{' && start < 0) {
      start = i + 1;
    } else if (char === '}' && start >= 0) {
      const inner = query.slice(start, i).trim();
      out += inner === '' ? `{ ${extra} }` : `{ (${inner}) && ${extra} }`;
      start = -1;
    } else if (start < 0) {
      out += char;
    }
  }
  return start >= 0 ? query : out;
}

function literalEnd(text: string, from: number): number {
  const mark = text[from];
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\' && mark === '"') {
      i++;
    } else if (text[i] === mark) {
      return i + 1;
    }
  }
  return text.length;
}
