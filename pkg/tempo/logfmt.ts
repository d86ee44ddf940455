/** @file The `tags` parameter of Tempo's older search: logfmt pairs, turned into TraceQL. */
import { GentError } from '../common';

/**
 * Reads `key=value key2="quoted value"`.
 * @throws GentError QUERY_BAD_REQUEST where it is not logfmt
 */
export function parseLogfmt(text: string): Array<[string, string]> {
  const pairs: Array<[string, string]> = [];
  const pattern = /\s*([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?=\s|$)/gy;
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) {
      throw new GentError('QUERY_BAD_REQUEST', `invalid tags: logfmt syntax error at position ${at + 1}`);
    }
    const [, key = '', quoted, plain] = match;
    pairs.push([key, quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1')]);
    at = pattern.lastIndex;
  }
  return pairs;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** An attribute of any scope as TraceQL writes it; quoted where the name needs it. */
export function unscopedAttribute(name: string): string {
  return /^[^\s{}()=~!<>&|^,"]+$/.test(name) ? `.${name}` : `.${quote(name)}`;
}

/** Names of the older search that are not attributes. */
const SPECIAL: Record<string, (value: string) => string> = {
  name: (value) => `name = ${quote(value)}`,
  'root.name': (value) => `rootName = ${quote(value)}`,
  'root.service.name': (value) => `rootServiceName = ${quote(value)}`,
  'status.code': (value) => (/^(ok|error|unset)$/.test(value) ? `status = ${value}` : 'false'),
  error: (value) => (value === 'true' ? 'status = error' : 'status != error'),
};

function condition(key: string, value: string): string {
  const special = SPECIAL[key];
  if (special !== undefined) {
    return special(value);
  }
  const attribute = unscopedAttribute(key);
  const options = [`${attribute} = ${quote(value)}`];
  if (/^\d{1,18}$/.test(value) || /^\d+\.\d+$/.test(value) || value === 'true' || value === 'false') {
    options.push(`${attribute} = ${value}`);
  }
  return options.join(' || ');
}

/**
 * The TraceQL of an older search: every tag on some span of the trace, and the trace within the durations (ns).
 * A tag's value is compared as a whole; a number or a boolean also matches an attribute of that type.
 */
export function tagsToTraceql(tags: string, minDuration?: bigint, maxDuration?: bigint): string {
  const filters = parseLogfmt(tags).map(([key, value]) => `{ ${condition(key, value)} }`);
  if (minDuration !== undefined) {
    filters.push(`{ traceDuration >= ${minDuration}ns }`);
  }
  if (maxDuration !== undefined) {
    filters.push(`{ traceDuration <= ${maxDuration}ns }`);
  }
  return filters.length === 0 ? '{ }' : filters.join(' && ');
}

/** A tag of the older API as TraceQL has it: an intrinsic by its name, anything else an attribute of any scope. */
export function plainTag(name: string): string {
  return ['name', 'status', 'kind', 'rootName', 'rootServiceName', 'statusMessage'].includes(name)
    ? name
    : unscopedAttribute(name);
}
