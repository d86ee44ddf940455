/** @file Traffic of the shop during one of its incidents, or while there is none: what PandoraTrace records. */
import { traceBounds, type Trace } from '../trace';
import { CYCLE_MINUTES, cycleMinute, INCIDENTS, Shop, type IncidentName } from './shop';

/** Minutes around an incident in which its effects may begin or linger: no benign traffic is recorded then. */
const CALM = 1;
const DEFAULT_RATE = 10_000 / (CYCLE_MINUTES * 60);

export interface RecordOptions {
  /** 'none' records the minutes without an incident. */
  readonly incident: IncidentName | 'none';
  readonly count: number;
  readonly seed?: number;
  /** Unix time (ns) at which the simulation begins; default 2026-01-01T00:00:00Z. */
  readonly startUnixNano?: bigint;
  /** Mean traces a second of the shop; default that of the demo. */
  readonly rate?: number;
}

/** Names that can be recorded. */
export const RECORDABLE: ReadonlyArray<RecordOptions['incident']> = ['none', ...INCIDENTS.map(({ name }) => name)];

/**
 * Exactly `count` traces that begin during the incident, in the order in which they end. The shop runs as long as that
 * takes: every incident comes once in each half hour, so times have gaps.
 */
export function* recordTraffic(options: RecordOptions): Generator<Trace, void, void> {
  const { incident, count, seed = 1, startUnixNano = 1_767_225_600_000_000_000n, rate = DEFAULT_RATE } = options;
  const traces = new Shop({ seed, startUnixNano, rate }).traces();
  for (let made = 0; made < count;) {
    const trace = traces.next().value;
    const minute = cycleMinute(Number(traceBounds(trace).start - startUnixNano));
    const wanted =
      incident === 'none'
        ? INCIDENTS.every(({ from, to }) => minute < from - CALM || minute >= to + CALM)
        : INCIDENTS.some(({ name, from, to }) => name === incident && minute >= from && minute < to);
    if (wanted) {
      made++;
      yield trace;
    }
  }
}
