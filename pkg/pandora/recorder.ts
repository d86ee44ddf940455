/** @file Records the spans of simulated requests and hands a trace on when its last span has ended. */
import {
  SpanKind,
  StatusCode,
  type AttributeValue,
  type KeyValue,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
  type Trace,
} from '../trace';
import type { Kernel } from './kernel';
import type { Random } from './random';

/** Attributes as one writes them; undefined ones are left out. Whole numbers that are OTLP ints are bigint. */
export type AttributeRecord = Record<string, AttributeValue | undefined>;

/** Turns a record into OTLP attributes, in the order of the record. */
export function attributes(record: AttributeRecord): KeyValue[] {
  const list: KeyValue[] = [];
  for (const [key, value] of Object.entries(record)) {
    if (value !== undefined) {
      list.push({ key, value });
    }
  }
  return list;
}

/** W3C trace flags (sampled) with OTLP's "is remote is known" bit, and the "is remote" bit itself. */
const FLAGS_LOCAL = 0x101;
const FLAGS_REMOTE = 0x301;

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly resource: Resource;
  readonly scope: Scope;
  readonly attributes?: AttributeRecord;
  readonly parent?: OpenSpan;
  readonly links?: readonly SpanLink[];
}

/** A span under way. */
export class OpenSpan {
  readonly spanId: string;
  readonly startedAt: number;
  name: string;
  private readonly values: KeyValue[];
  private readonly events: SpanEvent[] = [];
  private statusCode: StatusCode = StatusCode.Unset;
  private statusMessage = '';

  constructor(
    readonly trace: OpenTrace,
    private readonly start: SpanStart
  ) {
    this.spanId = trace.recorder.random.hex(8);
    this.startedAt = trace.recorder.kernel.now;
    this.name = start.name;
    this.values = attributes(start.attributes ?? {});
    trace.hold();
  }

  set(record: AttributeRecord): void {
    this.values.push(...attributes(record));
  }

  event(name: string, record: AttributeRecord = {}): void {
    const recorder = this.trace.recorder;
    this.events.push({
      timeUnixNano: recorder.unixNanos(recorder.kernel.now),
      name,
      attributes: attributes(record),
      droppedAttributesCount: 0,
    });
  }

  /** Records an exception as the semantic conventions ask (event `exception`). */
  exception(type: string, message: string, stacktrace: string): void {
    this.event('exception', {
      'exception.type': type,
      'exception.message': message,
      'exception.stacktrace': stacktrace,
    });
  }

  /** Status error, with `error.type`. */
  fail(errorType: string, message = ''): void {
    this.statusCode = StatusCode.Error;
    this.statusMessage = message;
    this.set({ 'error.type': errorType });
  }

  ok(): void {
    this.statusCode = StatusCode.Ok;
  }

  /** A link to this span. */
  toLink(record: AttributeRecord = {}): SpanLink {
    return {
      traceId: this.trace.traceId,
      spanId: this.spanId,
      traceState: '',
      attributes: attributes(record),
      droppedAttributesCount: 0,
      flags: FLAGS_REMOTE,
    };
  }

  end(): void {
    const { recorder, traceId } = this.trace;
    const { parent, resource, scope, kind, links = [] } = this.start;
    const remote = parent !== undefined && (kind === SpanKind.Server || kind === SpanKind.Consumer);
    const span: Span = {
      traceId,
      spanId: this.spanId,
      parentSpanId: parent?.spanId ?? '',
      traceState: '',
      flags: remote ? FLAGS_REMOTE : FLAGS_LOCAL,
      name: this.name,
      kind,
      startTimeUnixNano: recorder.unixNanos(this.startedAt),
      endTimeUnixNano: recorder.unixNanos(recorder.kernel.now),
      attributes: this.values,
      droppedAttributesCount: 0,
      events: this.events,
      droppedEventsCount: 0,
      links,
      droppedLinksCount: 0,
      statusCode: this.statusCode,
      statusMessage: this.statusMessage,
      resource,
      scope,
    };
    this.trace.add(span);
    this.trace.release();
  }
}

/** A trace under way: open while a span is open or something (a message in a queue) still holds it. */
export class OpenTrace {
  readonly traceId: string;
  private readonly spans: Span[] = [];
  private holds = 0;

  constructor(readonly recorder: Recorder) {
    this.traceId = recorder.random.hex(16);
  }

  begin(start: SpanStart): OpenSpan {
    return new OpenSpan(this, start);
  }

  add(span: Span): void {
    this.spans.push(span);
  }

  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    if (this.holds === 0) {
      this.recorder.finished({ traceId: this.traceId, spans: this.spans.sort(byStart) });
    }
  }
}

/** By start; of two that start together the one that ends last, which is the parent, comes first. */
function byStart(a: Span, b: Span): number {
  const difference = a.startTimeUnixNano - b.startTimeUnixNano || b.endTimeUnixNano - a.endTimeUnixNano;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Where simulated services record spans. */
export class Recorder {
  /**
   * @param startUnixNano - the Unix time at which the virtual clock reads 0
   * @param finished - given every trace when its last span has ended; spans by start time
   */
  constructor(
    readonly kernel: Kernel,
    readonly random: Random,
    private readonly startUnixNano: bigint,
    readonly finished: (trace: Trace) => void
  ) {}

  unixNanos(virtual: number): bigint {
    return this.startUnixNano + BigInt(virtual);
  }

  openTrace(): OpenTrace {
    return new OpenTrace(this);
  }
}
