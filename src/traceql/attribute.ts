/** @file Names of attributes: as TraceQL writes them, and taken apart into scope and name. */
import type { FilterScope } from '../types';

const SCOPES = ['span', 'resource', 'event', 'link', 'instrumentation'] as const;
const PLAIN_NAME = /^[^\s"{}()=~!<>&|^,\\]+$/;

/** Intrinsics whose values are words of the language. */
export const KEYWORD_TAGS: ReadonlySet<string> = new Set(['status', 'kind', 'span:status', 'span:kind']);

/** Intrinsics whose values are durations. */
export const DURATION_TAGS: ReadonlySet<string> = new Set([
  'duration',
  'traceDuration',
  'span:duration',
  'trace:duration',
  'event:timeSinceStart',
]);

const INTRINSICS: ReadonlySet<string> = new Set([
  ...KEYWORD_TAGS,
  ...DURATION_TAGS,
  ...['name', 'statusMessage', 'rootName', 'rootServiceName', 'nestedSetLeft', 'nestedSetRight', 'nestedSetParent'],
]);

/** Whether a name without a scope is one of the language's own. */
export function isIntrinsic(name: string): boolean {
  return INTRINSICS.has(name) || /^(span|trace|event|link|instrumentation):\w+$/.test(name);
}

/** `span` and `http.url` → `span.http.url`; names with other characters are quoted. '' for an empty name. */
export function attributeText(tag: string, scope: FilterScope | undefined): string {
  if (tag === '') {
    return '';
  }
  if (scope === 'intrinsic') {
    return tag;
  }
  if (scope === undefined && (isIntrinsic(tag) || splitAttribute(tag).scope !== undefined)) {
    return tag;
  }
  const name = PLAIN_NAME.test(tag) ? tag : `"${tag.replace(/["\\]/g, '\\$&')}"`;
  return `${scope === undefined || scope === 'unscoped' ? '' : scope}.${name}`;
}

/** `resource.service.name` → scope and name. The scope is left out where the text names none. */
export function splitAttribute(text: string): { scope?: FilterScope; tag: string } {
  if (isIntrinsic(text)) {
    return { scope: 'intrinsic', tag: text };
  }
  const scope = SCOPES.find((one) => text.startsWith(`${one}.`));
  if (scope === undefined) {
    return text.startsWith('.') ? { scope: 'unscoped', tag: unquoteName(text.slice(1)) } : { tag: text };
  }
  return { scope, tag: unquoteName(text.slice(scope.length + 1)) };
}

function unquoteName(name: string): string {
  return /^".*"$/.test(name) ? name.slice(1, -1).replace(/\\(["\\])/g, '$1') : name;
}
