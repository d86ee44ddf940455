/** @file Traffic of an application made for measuring: traces as call trees with log-normal durations and a few errors. */
import { Random, Zipf } from '../../../pkg/pandora/random';
import {
  NO_ATTRIBUTES,
  type KeyValue,
  type Scope,
  type Span,
  SpanKind,
  StatusCode,
  type Trace,
} from '../../../pkg/trace';
import { type Application, attributesOf, type Operation } from './application';

/** 2026-01-01T00:00:00Z in ns. */
const START = 1_767_225_600_000_000_000n;
/** However many traces: the shop's half hour too grows in traffic, not in time. */
const WINDOW_NS = 1800e9;
/** Popularity of entries: the usual skew of requests over pages. */
const POPULARITY = 0.8;
const SESSIONS = 5000;
/** Probability that the failure of a call fails its caller too. */
const SPREADS = 0.5;

const SCOPE: Scope = {
  name: 'bench',
  version: '1.0.0',
  attributes: NO_ATTRIBUTES,
  droppedAttributesCount: 0,
  schemaUrl: '',
};

/** Outcome of a call: its end (ns from the beginning of the trace). */
interface Done {
  readonly end: number;
  readonly failed: boolean;
}

/** Writes the spans of one trace. */
class TraceWriter {
  readonly spans: Span[] = [];

  constructor(
    private readonly traceId: string,
    private readonly start: bigint,
    private readonly random: Random
  ) {}

  /** Runs an operation from `at` (ns from the beginning of the trace), with what it calls. */
  call(operation: Operation, at: number, parentSpanId: string): Done {
    const { random } = this;
    const spanId = random.hex(8);
    const place = this.spans.length;
    // Parents stand before children, though they end later.
    this.spans.push(undefined as unknown as Span);
    const work = random.lognormal(operation.medianNs, operation.sigma);
    let now = at + work * 0.3;
    let end = now;
    let failed = random.chance(operation.errorRate);
    for (const { callee, chance, most } of failed ? [] : operation.calls) {
      const times = random.chance(chance) ? 1 + random.below(most) : 0;
      for (let i = 0; i < times && !failed; i++) {
        const done = this.call(callee, now + random.lognormal(2e5, 0.3), spanId);
        failed = done.failed && random.chance(SPREADS);
        end = Math.max(end, done.end);
        now = operation.parallel ? now + 2e4 : done.end + random.lognormal(5e4, 0.3);
      }
    }
    end = Math.max(end, now) + work * 0.7;
    this.spans[place] = this.span(operation, spanId, parentSpanId, at, end, failed);
    return { end, failed };
  }

  private span(
    operation: Operation,
    spanId: string,
    parentSpanId: string,
    from: number,
    to: number,
    failed: boolean
  ): Span {
    const time = (ns: number): bigint => this.start + BigInt(Math.round(ns));
    return {
      traceId: this.traceId,
      spanId,
      parentSpanId,
      traceState: '',
      flags: 1,
      name: operation.name,
      kind: operation.kind,
      startTimeUnixNano: time(from),
      endTimeUnixNano: time(to),
      attributes: this.attributes(operation, parentSpanId === '', failed),
      droppedAttributesCount: 0,
      events: failed
        ? [
            {
              timeUnixNano: time(to),
              name: 'exception',
              attributes: attributesOf({ 'exception.type': 'TimeoutError', 'exception.message': 'deadline exceeded' }),
              droppedAttributesCount: 0,
            },
          ]
        : [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: failed ? StatusCode.Error : StatusCode.Unset,
      statusMessage: failed ? 'deadline exceeded' : '',
      resource: this.random.pick(operation.resources),
      scope: SCOPE,
    };
  }

  /** What every span of the operation has, and what varies: rows of databases, status codes, sessions of customers. */
  private attributes({ attributes, kind }: Operation, isRoot: boolean, failed: boolean): KeyValue[] {
    const { random } = this;
    const isHttp = attributes.some(({ key }) => key === 'http.route');
    return [
      ...attributes,
      ...(kind === SpanKind.Client
        ? attributesOf({ 'db.response.returned_rows': BigInt(Math.floor(random.exponential(20))) })
        : isHttp
          ? attributesOf({ 'http.response.status_code': failed ? 500n : 200n })
          : attributesOf({ 'rpc.grpc.status_code': failed ? 4n : 0n })),
      ...(isRoot ? attributesOf({ 'session.id': `session-${random.below(SESSIONS)}` }) : []),
    ];
  }
}

/**
 * `count` traces of an application in the order of their starts, spread over half an hour as a Poisson process. The
 * same application, count and seed give the same traces; trace i is the same call tree whatever the count.
 */
export function* trafficOf(application: Application, count: number, seed: number): Generator<Trace, void, void> {
  const arrivals = new Random(seed, 'arrivals');
  const popularity = new Zipf(application.entries.length, POPULARITY);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += arrivals.exponential(WINDOW_NS / count);
    const random = new Random(seed, `trace ${i}`);
    const traceId = random.hex(16);
    const writer = new TraceWriter(traceId, START + BigInt(Math.round(at)), random);
    writer.call(application.entries[popularity.sample(random)] as Operation, 0, '');
    yield { traceId, spans: writer.spans };
  }
}
