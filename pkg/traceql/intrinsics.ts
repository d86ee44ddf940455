/** @file The intrinsics of TraceQL: every spelling, its canonical name, its type. */

/** Types that expressions and values can have. `attribute`: known only when a span is at hand. */
export type ValueType = 'nil' | 'bool' | 'int' | 'float' | 'string' | 'duration' | 'status' | 'kind' | 'attribute';

interface IntrinsicRow {
  readonly type: ValueType;
  /** The bare word, where there is one. */
  readonly bare?: string;
  /** The scoped form, where there is one. */
  readonly scoped?: string;
  readonly help: string;
}

/** Rows by canonical name, which is also the key under which answers return the value. */
export const INTRINSICS = {
  duration: { type: 'duration', bare: 'duration', scoped: 'span:duration', help: 'end − start of the span' },
  name: { type: 'string', bare: 'name', scoped: 'span:name', help: 'name of the span' },
  status: { type: 'status', bare: 'status', scoped: 'span:status', help: 'error, ok or unset' },
  statusMessage: {
    type: 'string',
    bare: 'statusMessage',
    scoped: 'span:statusMessage',
    help: 'text that goes with the status',
  },
  kind: {
    type: 'kind',
    bare: 'kind',
    scoped: 'span:kind',
    help: 'server, client, producer, consumer, internal or unspecified',
  },
  'span:id': { type: 'string', scoped: 'span:id', help: 'id of the span, 16 hex digits' },
  'span:parentID': { type: 'string', scoped: 'span:parentID', help: 'id of the parent span, empty for a root' },
  'span:childCount': { type: 'int', scoped: 'span:childCount', help: 'how many spans have this one as their parent' },
  rootName: { type: 'string', bare: 'rootName', scoped: 'trace:rootName', help: "name of the trace's root span" },
  rootServiceName: {
    type: 'string',
    bare: 'rootServiceName',
    scoped: 'trace:rootService',
    help: "service of the trace's root span",
  },
  traceDuration: {
    type: 'duration',
    bare: 'traceDuration',
    scoped: 'trace:duration',
    help: 'latest end − earliest start of the trace',
  },
  'trace:id': { type: 'string', scoped: 'trace:id', help: 'id of the trace, hex' },
  nestedSetLeft: { type: 'int', bare: 'nestedSetLeft', help: 'left number of the span in the nested set of its trace' },
  nestedSetRight: { type: 'int', bare: 'nestedSetRight', help: 'right number of the span in the nested set' },
  nestedSetParent: { type: 'int', bare: 'nestedSetParent', help: 'left number of the parent; -1 for a root' },
  'event:name': { type: 'string', scoped: 'event:name', help: 'name of an event of the span' },
  'event:timeSinceStart': {
    type: 'duration',
    scoped: 'event:timeSinceStart',
    help: "time of the event after the span's start",
  },
  'link:spanID': { type: 'string', scoped: 'link:spanID', help: 'id of a linked span' },
  'link:traceID': { type: 'string', scoped: 'link:traceID', help: 'id of a linked trace' },
  'instrumentation:name': {
    // TraceQL leaves the type open: a filter may consist of it alone.
    type: 'attribute',
    scoped: 'instrumentation:name',
    help: 'name of the instrumentation scope',
  },
  'instrumentation:version': {
    // TraceQL leaves the type open: a filter may consist of it alone.
    type: 'attribute',
    scoped: 'instrumentation:version',
    help: 'version of the instrumentation scope',
  },
  parent: { type: 'nil', bare: 'parent', help: 'parsed, but not supported' },
} as const satisfies Record<string, IntrinsicRow>;

/** Canonical name of an intrinsic. */
export type Intrinsic = keyof typeof INTRINSICS;

const BY_SPELLING = new Map<string, Intrinsic>();
for (const [name, row] of Object.entries(INTRINSICS) as Array<[Intrinsic, IntrinsicRow]>) {
  if (row.bare !== undefined) {
    BY_SPELLING.set(row.bare, name);
  }
  if (row.scoped !== undefined) {
    BY_SPELLING.set(row.scoped, name);
  }
}

/** The intrinsic that a bare word or a `scope:word` means. */
export function intrinsicOf(spelling: string): Intrinsic | undefined {
  return BY_SPELLING.get(spelling);
}

/** Spellings that begin with `scope:`, for messages. */
export function intrinsicsOfScope(scope: string): string[] {
  return [...BY_SPELLING.keys()].filter((spelling) => spelling.startsWith(`${scope}:`));
}
