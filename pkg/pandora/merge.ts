/**
 * @file Benign traffic with traces of an incident among it, as PandoraTrace's benchmark mixes them: the number of benign
 * traces between two of the incident is exponentially distributed.
 */
import { GentError } from '../common';
import { traceBounds, type Trace } from '../trace';
import { Random } from './random';

export interface MergeOptions {
  /** Mean share of the traces that are of the incident, greater than 0, less than 1. */
  readonly share: number;
  /** Traces wanted in all. */
  readonly count: number;
  readonly seed?: number;
}

/** A trace, and whether it is of the incident. */
export interface MergedTrace {
  readonly trace: Trace;
  readonly incident: boolean;
}

/** The trace with all of its times moved. @param by - ns */
export function movedTrace(trace: Trace, by: bigint): Trace {
  const spans = trace.spans.map((span) => ({
    ...span,
    startTimeUnixNano: span.startTimeUnixNano + by,
    endTimeUnixNano: span.endTimeUnixNano + by,
    events: span.events.map((event) => ({ ...event, timeUnixNano: event.timeUnixNano + by })),
  }));
  return { ...trace, spans };
}

/** A shuffled copy (Fisher and Yates). */
function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/**
 * Merges. Benign traces stay when they were; a trace of the incident begins when the benign trace before it does. Each trace
 * comes once at most, those of the incident in an order that the seed gives.
 * @throws GentError PANDORA_TOO_FEW when there are not enough of either kind
 */
export function* mergeTraffic(
  benign: Iterable<Trace>,
  incident: readonly Trace[],
  { share, count, seed = 1 }: MergeOptions
): Generator<MergedTrace, void, void> {
  if (!(share > 0 && share < 1)) {
    throw new GentError('USAGE', `a share of ${share}: more than 0 and less than 1 is expected`);
  }
  const random = new Random(seed, 'merge');
  const left = shuffled(incident, random);
  // Gaps are whole numbers of benign traces, so that their mean is (1 − share) / share: the rate follows from that.
  const mean = 1 / Math.log(1 / (1 - share));
  const gap = (): number => Math.floor(random.exponential(mean));
  let until = gap();
  let made = 0;
  let at: bigint | undefined;
  for (const trace of benign) {
    while (until === 0 && made < count && at !== undefined) {
      const next = left.pop();
      if (next === undefined) {
        throw new GentError('PANDORA_TOO_FEW', `${incident.length} traces of the incident, more are needed`);
      }
      yield { trace: movedTrace(next, at - traceBounds(next).start), incident: true };
      made++;
      until = gap();
    }
    if (made >= count) {
      return;
    }
    at = traceBounds(trace).start;
    yield { trace, incident: false };
    made++;
    until = Math.max(0, until - 1);
  }
  if (made < count) {
    throw new GentError('PANDORA_TOO_FEW', `${made} of ${count} traces could be made: there are too few benign ones`);
  }
}
