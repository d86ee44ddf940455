/** @file What an incident leaves in traces: shapes, errors and slow spans that benign traffic does not have. */
import { attributeValue, durationNanos, serviceName, type Span, type Trace } from '../../pkg/trace';

const STATUS_ERROR = 2;
/** Spans of an operation, on each side, for which it is judged whether an incident makes it slow. */
const MIN_SPANS = 10;
/** Share of an operation's spans in the incident that take longer than any benign one. */
const SLOW_SHARE = 0.25;

/** Facts of a trace that can be looked for in others. */
export interface TraceFacts {
  readonly shape: string;
  /** Distinct failures: service, span name, what the error is called. */
  readonly errors: ReadonlySet<string>;
  /** Duration of each span by operation, ns. */
  readonly durations: ReadonlyArray<readonly [operation: string, duration: number]>;
}

const operationOf = (span: Span): string => `${serviceName(span.resource)}|${span.name}|${span.kind}`;

function errorOf(span: Span): string {
  const exception = span.events.find(({ name }) => name === 'exception');
  const called =
    attributeValue(span.attributes, 'error.type') ??
    attributeValue(exception?.attributes ?? [], 'exception.type') ??
    attributeValue(span.attributes, 'http.response.status_code') ??
    attributeValue(span.attributes, 'http.status_code') ??
    '';
  return `${operationOf(span)}|${String(called)}`;
}

/** The tree of operations and statuses as text: equal shapes, equal text, whatever the order of siblings. */
function shapeOf({ spans }: Trace): string {
  const own = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = own.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    const list = children.get(parent);
    if (list === undefined) {
      children.set(parent, [span]);
    } else {
      list.push(span);
    }
  }
  const text = (span: Span, depth: number): string => {
    const below = depth > 200 ? [] : (children.get(span.spanId) ?? []);
    return `${operationOf(span)}|${span.statusCode}(${below
      .map((child) => text(child, depth + 1))
      .sort()
      .join()})`;
  };
  return (children.get('') ?? [])
    .map((span) => text(span, 0))
    .sort()
    .join();
}

export function factsOf(trace: Trace): TraceFacts {
  return {
    shape: shapeOf(trace),
    errors: new Set(trace.spans.filter(({ statusCode }) => statusCode === STATUS_ERROR).map(errorOf)),
    durations: trace.spans.map((span) => [operationOf(span), Number(durationNanos(span))] as const),
  };
}

/** What is looked for: shapes and failures that only the incident's traces of a mixture have, and slow operations. */
export interface Effects {
  readonly shapes: ReadonlySet<string>;
  readonly errors: ReadonlySet<string>;
  /** Longest benign duration of each operation that the incident makes slower than that, ns. */
  readonly slow: ReadonlyMap<string, number>;
}

function byOperation(facts: Iterable<TraceFacts>): Map<string, number[]> {
  const all = new Map<string, number[]>();
  for (const { durations } of facts) {
    for (const [operation, duration] of durations) {
      const list = all.get(operation);
      if (list === undefined) {
        all.set(operation, [duration]);
      } else {
        list.push(duration);
      }
    }
  }
  return all;
}

/** Operations that the incident makes slow, with the longest benign duration of each. */
export function slowOperations(benign: readonly TraceFacts[], incident: readonly TraceFacts[]): Map<string, number> {
  const usual = byOperation(benign);
  const slow = new Map<string, number>();
  for (const [operation, durations] of byOperation(incident)) {
    const before = usual.get(operation) ?? [];
    const most = before.reduce((a, b) => Math.max(a, b), 0);
    const longer = durations.filter((duration) => duration > most).length;
    if (before.length >= MIN_SPANS && durations.length >= MIN_SPANS && longer >= SLOW_SHARE * durations.length) {
      slow.set(operation, most);
    }
  }
  return slow;
}

/** What the incident's traces of a mixture show that its benign traces do not. @param slow - see {@link slowOperations} */
export function effectsOf(
  benign: readonly TraceFacts[],
  incident: readonly TraceFacts[],
  slow: ReadonlyMap<string, number>
): Effects {
  const shapes = new Set(incident.map(({ shape }) => shape));
  const errors = new Set(incident.flatMap((facts) => [...facts.errors]));
  for (const facts of benign) {
    shapes.delete(facts.shape);
    facts.errors.forEach((error) => errors.delete(error));
  }
  const shown = slowSpans(incident, slow);
  return { shapes, errors, slow: new Map([...slow].filter(([operation]) => (shown.get(operation) ?? 0) > 0)) };
}

/** Spans of each operation that take longer than any benign one. */
function slowSpans(facts: Iterable<TraceFacts>, slow: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { durations } of facts) {
    for (const [operation, duration] of durations) {
      if (duration > (slow.get(operation) ?? Infinity)) {
        counts.set(operation, (counts.get(operation) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** What of the effects other traces show. Shares are null where there is nothing to find. */
export interface Found {
  readonly shapes: number | null;
  readonly errors: number | null;
  readonly slow: number | null;
  /** Traces with one of the incident's errors, as many as they stand for. */
  readonly failures: number;
}

/** Looks for the effects. @param weight - how many real traces each of these stands for */
export function find(effects: Effects, facts: readonly TraceFacts[], weight = 1): Found {
  const share = (wanted: ReadonlySet<string>, seen: ReadonlySet<string>): number | null =>
    wanted.size === 0 ? null : [...wanted].filter((one) => seen.has(one)).length / wanted.size;
  const failing = facts.filter(({ errors }) => [...errors].some((error) => effects.errors.has(error)));
  return {
    shapes: share(effects.shapes, new Set(facts.map(({ shape }) => shape))),
    errors: share(effects.errors, new Set(facts.flatMap((one) => [...one.errors]))),
    slow: share(new Set(effects.slow.keys()), new Set(slowSpans(facts, effects.slow).keys())),
    failures: failing.length * weight,
  };
}
