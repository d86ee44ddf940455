/** @file Groups spans as OTLP nests them: by resource, then by scope, in the order in which each was first seen. */
import type { Resource, Scope, Span, Trace } from './types';

/** The spans of one scope within one resource. */
export interface ScopeGroup {
  readonly scope: Scope;
  readonly spans: Span[];
}

/** What one OTLP ResourceSpans holds. */
export interface ResourceGroup {
  readonly resource: Resource;
  readonly scopes: ScopeGroup[];
}

/**
 * Groups the spans of traces. Resources and scopes are told apart by identity (readers and generators share equal ones);
 * the order within a group is the order of the spans.
 */
export function groupByResource(traces: Iterable<Trace>): ResourceGroup[] {
  const groups: ResourceGroup[] = [];
  const byResource = new Map<Resource, Map<Scope, Span[]>>();
  let lastResource: Resource | undefined;
  let lastScope: Scope | undefined;
  let into: Span[] | undefined;
  for (const trace of traces) {
    for (const span of trace.spans) {
      if (into !== undefined && span.resource === lastResource && span.scope === lastScope) {
        into.push(span);
        continue;
      }
      let scopes = byResource.get(span.resource);
      if (scopes === undefined) {
        scopes = new Map();
        byResource.set(span.resource, scopes);
        groups.push({ resource: span.resource, scopes: [] });
      }
      into = scopes.get(span.scope);
      if (into === undefined) {
        into = [];
        scopes.set(span.scope, into);
      }
      into.push(span);
      lastResource = span.resource;
      lastScope = span.scope;
    }
  }
  for (const group of groups) {
    for (const [scope, spans] of byResource.get(group.resource) ?? []) {
      group.scopes.push({ scope, spans });
    }
  }
  return groups;
}
