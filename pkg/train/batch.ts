/**
 * @file A batch that takes traces one by one and keeps columns only, so that the objects can be let go. Ids, which no
 * model learns, are kept beside them: the few traces that a model keeps verbatim need theirs.
 */
import { TraceCollector, type BatchColumns } from '../features';
import { FidelityCardBuilder } from '../fidelity';
import { isSpanId, isTraceId, type Span, type Trace } from '../trace';
import { GzipSample } from './gzip-sample';
import { IdColumn } from './ids';

/** Ids of a batch, by trace, span and link. */
export interface BatchIds {
  /** Whether the ids of trace t are whole: each its own, of the right length, none its own ancestor. */
  whole(trace: number): boolean;
  trace(trace: number): string;
  span(span: number): string;
  /** Id of the parent of a span whose parent is not in its trace. */
  orphanParent(span: number): string;
  link(link: number): { readonly traceId: string; readonly spanId: string };
}

/** A batch as columns, with its ids, and with what its fidelity card is measured against. */
export interface IdentifiedBatch extends BatchColumns {
  readonly ids?: BatchIds;
  readonly card?: FidelityCardBuilder;
  /** Bytes that gzip -9 leaves of a span as OTLP/JSON, about. */
  readonly gzipBytesASpan?: number;
}

export interface TrainingBatch {
  readonly traces: number;
  readonly spans: number;
  /** @throws GentError TRAIN_TOO_LARGE */
  add(trace: Trace): void;
  /** @throws GentError TRAIN_EMPTY */
  finish(): IdentifiedBatch;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Whether a trace can be told by ids alone: what a verbatim copy is made from. */
function isWhole(spans: readonly Span[]): boolean {
  const parentOf = new Map(spans.map((span) => [span.spanId, span.parentSpanId]));
  const links = spans.flatMap((span) => span.links);
  if (
    parentOf.size !== spans.length ||
    !isTraceId(spans[0]?.traceId ?? '') ||
    !spans.every((span) => isSpanId(span.spanId) && (span.parentSpanId === '' || isSpanId(span.parentSpanId))) ||
    !links.every((link) => isTraceId(link.traceId) && isSpanId(link.spanId)) ||
    spans.some((span) => span.resource.entityRefs !== undefined)
  ) {
    return false;
  }
  // A cycle has no span that hangs from outside it.
  const good = new Set<string>();
  for (const span of spans) {
    const path: string[] = [];
    let at: string | undefined = span.spanId;
    while (at !== undefined && !good.has(at) && path.length <= spans.length) {
      path.push(at);
      const parent: string | undefined = parentOf.get(at);
      at = parent === undefined || parent === '' || !parentOf.has(parent) ? undefined : parent;
    }
    if (path.length > spans.length) {
      return false;
    }
    path.forEach((id) => good.add(id));
  }
  return true;
}

class CollectingBatch implements TrainingBatch {
  private readonly collector = new TraceCollector();
  private readonly traceIds = new IdColumn(TRACE_ID_BYTES);
  private readonly spanIds = new IdColumn(SPAN_ID_BYTES);
  private readonly parents = new Map<number, string>();
  private readonly linkTraces = new IdColumn(TRACE_ID_BYTES);
  private readonly linkSpans = new IdColumn(SPAN_ID_BYTES);
  private readonly broken = new Set<number>();
  private readonly card = new FidelityCardBuilder();
  private readonly sample = new GzipSample();

  get traces(): number {
    return this.collector.traces;
  }

  get spans(): number {
    return this.collector.spans;
  }

  add(trace: Trace): void {
    const { traces: t, spans: first } = this.collector;
    this.collector.add(trace);
    if (this.collector.traces === t) {
      return;
    }
    if (!isWhole(trace.spans)) {
      this.broken.add(t);
    }
    this.card.add(trace);
    this.sample.add(trace);
    this.traceIds.push(trace.traceId);
    const own = new Set(trace.spans.map((span) => span.spanId));
    trace.spans.forEach((span, i) => {
      this.spanIds.push(span.spanId);
      if (span.parentSpanId !== '' && !own.has(span.parentSpanId)) {
        this.parents.set(first + i, span.parentSpanId);
      }
      for (const link of span.links) {
        this.linkTraces.push(link.traceId);
        this.linkSpans.push(link.spanId);
      }
    });
  }

  finish(): IdentifiedBatch {
    const { traceIds, spanIds, parents, linkTraces, linkSpans, broken, card } = this;
    const gzipBytesASpan = this.sample.bytesASpan();
    return {
      ...this.collector.finish(),
      card,
      ...(gzipBytesASpan === undefined ? {} : { gzipBytesASpan }),
      ids: {
        whole: (trace) => !broken.has(trace),
        trace: (trace) => traceIds.at(trace),
        span: (span) => spanIds.at(span),
        orphanParent: (span) => parents.get(span) ?? '',
        link: (link) => ({ traceId: linkTraces.at(link), spanId: linkSpans.at(link) }),
      },
    };
  }
}

export function newTrainingBatch(): TrainingBatch {
  return new CollectingBatch();
}
