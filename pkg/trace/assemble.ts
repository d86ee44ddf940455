/** @file Assembles traces whose spans arrive in pieces: from a receiver (time) or a file (distance in spans). */
import { limit } from '../common';
import { newAnomalies, type TraceAnomalies } from './anomalies';
import { type AttributeValue, type KeyValue, KeyValueList, type Span, type Trace } from './types';

/** How traces are closed. The unit of `now` and `idle` is the caller's: milliseconds, or spans read. */
export interface AssemblerOptions {
  /** The clock; never goes back. */
  readonly now: () => number;
  /** A trace is closed when no span of it came for this long. */
  readonly idle: number;
  /** Default: limit TRACE_SPANS. A trace that reaches it is closed; what comes later is a trace of its own. */
  readonly maxSpansPerTrace?: number;
  /** Default: limit TRACES_HELD. Beyond it the trace that has waited longest is closed. */
  readonly maxTraces?: number;
  /** Default: limit TRACES_HELD_BYTES, estimated. Beyond it the trace that has waited longest is closed. */
  readonly maxBytes?: number;
  /** Counts tracesClosedEarly and lateTraces. */
  readonly anomalies?: TraceAnomalies;
}

interface OpenTrace {
  readonly traceId: string;
  readonly spans: Span[];
  bytes: number;
  touched: number;
}

const REMEMBERED_IDS = 1 << 16;

/**
 * Holds spans by trace id until their trace is idle. Traces leave in the order of their last span; spans of a trace keep
 * the order in which they came.
 */
export class TraceAssembler {
  private readonly open = new Map<string, OpenTrace>();
  /** Ids closed lately, in two generations so that forgetting is cheap. */
  private closedIds = new Set<string>();
  private closedBefore = new Set<string>();
  private readonly maxSpansPerTrace: number;
  private readonly maxTraces: number;
  private readonly maxBytes: number;
  private readonly anomalies: TraceAnomalies;
  private heldSpans = 0;
  private heldBytes = 0;

  constructor(private readonly options: AssemblerOptions) {
    this.maxSpansPerTrace = Math.max(1, options.maxSpansPerTrace ?? limit('TRACE_SPANS'));
    this.maxTraces = options.maxTraces ?? limit('TRACES_HELD');
    this.maxBytes = options.maxBytes ?? limit('TRACES_HELD_BYTES');
    this.anomalies = options.anomalies ?? newAnomalies();
  }

  /** Traces under assembly. */
  get traces(): number {
    return this.open.size;
  }

  /** Spans under assembly. */
  get spans(): number {
    return this.heldSpans;
  }

  /** Bytes under assembly, estimated. */
  get bytes(): number {
    return this.heldBytes;
  }

  /** Whether a trace is under assembly. */
  has(traceId: string): boolean {
    return this.open.has(traceId);
  }

  /** Takes spans in. @returns the traces that a limit closed early */
  add(spans: Iterable<Span>): Trace[] {
    const now = this.options.now();
    const closed: Trace[] = [];
    let entry: OpenTrace | undefined;
    for (const span of spans) {
      if (entry === undefined || entry.traceId !== span.traceId) {
        entry = this.touch(span.traceId, now);
      }
      const bytes = estimateSpanBytes(span);
      entry.spans.push(span);
      entry.bytes += bytes;
      this.heldBytes += bytes;
      this.heldSpans++;
      if (entry.spans.length >= this.maxSpansPerTrace) {
        this.anomalies.tracesClosedEarly++;
        closed.push(this.close(entry));
        entry = undefined;
      }
    }
    while (this.open.size > this.maxTraces || this.heldBytes > this.maxBytes) {
      const [longest] = this.open.values();
      if (longest === undefined) {
        break;
      }
      this.anomalies.tracesClosedEarly++;
      closed.push(this.close(longest));
    }
    return closed;
  }

  /** Closes the traces that are idle now. */
  takeIdle(): Trace[] {
    const closed: Trace[] = [];
    const now = this.options.now();
    // The map is in the order of the last touch: the first that is not idle ends the search.
    for (const entry of this.open.values()) {
      if (now - entry.touched < this.options.idle) {
        break;
      }
      closed.push(this.close(entry));
    }
    return closed;
  }

  /** Closes every trace. */
  flush(): Trace[] {
    return [...this.open.values()].map((entry) => this.close(entry));
  }

  private touch(traceId: string, now: number): OpenTrace {
    let entry = this.open.get(traceId);
    if (entry === undefined) {
      if (this.closedIds.has(traceId) || this.closedBefore.has(traceId)) {
        this.anomalies.lateTraces++;
      }
      entry = { traceId, spans: [], bytes: 0, touched: now };
      this.open.set(traceId, entry);
    } else if (entry.touched !== now) {
      this.open.delete(traceId);
      this.open.set(traceId, entry);
      entry.touched = now;
    }
    return entry;
  }

  private close(entry: OpenTrace): Trace {
    this.open.delete(entry.traceId);
    this.heldSpans -= entry.spans.length;
    this.heldBytes -= entry.bytes;
    if (this.closedIds.size >= REMEMBERED_IDS) {
      this.closedBefore = this.closedIds;
      this.closedIds = new Set();
    }
    this.closedIds.add(entry.traceId);
    return { traceId: entry.traceId, spans: entry.spans };
  }
}

/** Groups spans by trace id, in the order of each trace's first span. */
export function groupSpans(spans: Iterable<Span>): Trace[] {
  const groups = new Map<string, Span[]>();
  let traceId = '';
  let group: Span[] | undefined;
  for (const span of spans) {
    if (group === undefined || span.traceId !== traceId) {
      traceId = span.traceId;
      group = groups.get(traceId);
      if (group === undefined) {
        group = [];
        groups.set(traceId, group);
      }
    }
    group.push(span);
  }
  return Array.from(groups, ([id, members]) => ({ traceId: id, spans: members }));
}

const SPAN_BYTES = 330;
const ATTRIBUTE_BYTES = 48;
const EVENT_BYTES = 80;
const LINK_BYTES = 160;

function valueBytes(value: AttributeValue): number {
  if (typeof value === 'string') {
    return value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return 16;
  }
  if (value instanceof Uint8Array) {
    return 100 + value.length;
  }
  if (value instanceof KeyValueList) {
    return 32 + attributesBytes(value.entries);
  }
  return value.reduce((sum: number, item) => sum + 16 + valueBytes(item), 32);
}

function attributesBytes(attributes: readonly KeyValue[]): number {
  let bytes = 0;
  for (const { value } of attributes) {
    bytes += ATTRIBUTE_BYTES + valueBytes(value);
  }
  return bytes;
}

/** Roughly the memory that a span holds on its own, in bytes (resource, scope and keys are shared and not counted). */
export function estimateSpanBytes(span: Span): number {
  let bytes = SPAN_BYTES + span.statusMessage.length + span.traceState.length + attributesBytes(span.attributes);
  for (const event of span.events) {
    bytes += EVENT_BYTES + attributesBytes(event.attributes);
  }
  for (const link of span.links) {
    bytes += LINK_BYTES + link.traceState.length + attributesBytes(link.attributes);
  }
  return bytes;
}
