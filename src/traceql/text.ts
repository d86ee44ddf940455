/** @file Small readings of TraceQL text that the browser needs without the engine, and how variables are written into it. */

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

/** Characters with a meaning in a regular expression. */
export const REGEX_SPECIAL = /[.*+?^${}()|[\]\\]/g;

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

/** The position after the string literal that begins at `from`; the end of the text when it is not closed. */
export function literalEnd(text: string, from: number): number {
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
