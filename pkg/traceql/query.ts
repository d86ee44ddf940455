/** @file Text → query: parse and validate. */
import type { AttributeRef, MetricsQuery, Query } from './ast';
import { Cursor } from './cursor';
import { tryAttribute } from './parse-field';
import { parseSyntax } from './parser';
import { syntaxError } from './syntax-error';
import { validate } from './validate';

/**
 * Reads a TraceQL query.
 * @throws TraceqlError TRACEQL_SYNTAX (grammar), TRACEQL_INVALID (types, ranges) or TRACEQL_UNSUPPORTED,
 * each with `line` and `column`
 */
export function parseQuery(text: string): Query {
  const query = parseSyntax(text);
  validate(query);
  return query;
}

/** Whether the query answers with series rather than traces. */
export function isMetricsQuery(query: Query): query is MetricsQuery {
  return query.kind === 'metrics';
}

/**
 * Reads the name of a tag: an attribute with its scope (`.a`, `span.a`, `resource."a b"`) or an intrinsic (`name`, `span:name`).
 * @throws TraceqlError TRACEQL_SYNTAX
 */
export function parseTagName(text: string): AttributeRef {
  const cursor = new Cursor(text);
  const attribute = tryAttribute(cursor);
  if (attribute === undefined || cursor.token.kind !== 'end') {
    throw syntaxError(
      text,
      cursor.token.at,
      `${text.slice(0, 80)} is not a tag: write .name, span.name, resource.name or an intrinsic such as status`
    );
  }
  return attribute;
}
