/**
 * @file Traffic that drifts, window after window (Gen-T's experiment, "rolling"): the shop as usual, errors appear, the
 * rate doubles, errors vanish. Each window is learnt anew and from the model of the window before.
 */
import { openModel } from '../../pkg/generate';
import { simulateShop } from '../../pkg/pandora';
import type { Trace } from '../../pkg/trace';
import { trainModel, type TrainResult } from '../../pkg/train';
import type { Bench, BenchOptions, BenchRow } from './types';

const MINUTE = 60_000_000_000n;
const START = 1_760_000_000_000_000_000n;
const CYCLE = 30;
const STATUS_ERROR = 2;

/** Windows: which minutes of the shop's half hour (stock-database fails from 22 to 24), at how many times the rate. */
const WINDOWS = [
  { name: 'normal', from: 2, rate: 1 },
  { name: 'errors appear', from: 22, rate: 1 },
  { name: 'rate doubles', from: 22, rate: 2 },
  { name: 'errors vanish', from: 2, rate: 2 },
] as const;
const WINDOW_MINUTES = 2;

function firstStart(trace: Trace): bigint {
  return trace.spans.reduce((least, { startTimeUnixNano: at }) => (at < least ? at : least), 2n ** 63n);
}

/** The traces of one window: another half hour each, so that no trace is in two windows. */
function windowTraces(count: number, index: number): Trace[] {
  const { from, rate } = WINDOWS[index] as (typeof WINDOWS)[number];
  const startUnixNano = START + BigInt(index * CYCLE) * MINUTE;
  const begin = startUnixNano + BigInt(from) * MINUTE;
  const end = begin + BigInt(WINDOW_MINUTES) * MINUTE;
  const all = simulateShop({ count: count * rate, seed: index + 1, minutes: CYCLE, startUnixNano });
  return [...all].filter((trace) => firstStart(trace) >= begin && firstStart(trace) < end);
}

/** Share of traces with an error, and traces a second of the window. */
function measure(traces: readonly Trace[]): { errors: number; rate: number } {
  const failed = traces.filter((trace) => trace.spans.some((span) => span.statusCode === STATUS_ERROR)).length;
  return { errors: failed / traces.length, rate: traces.length / (WINDOW_MINUTES * 60) };
}

async function generated(bytes: Uint8Array): Promise<Trace[]> {
  const model = await openModel(bytes);
  const traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
  await model.close();
  return traces;
}

async function run({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 9000 : 30_000;
  const rows: BenchRow[] = [];
  let previous: Uint8Array | undefined;
  for (const [index, { name }] of WINDOWS.entries()) {
    const traces = windowTraces(count, index);
    const real = measure(traces);
    log(`${name}: ${traces.length} traces`);
    const add = (how: string, what: string, value: number, unit: string, note?: string): void => {
      rows.push({ what: `${name}, ${how}: ${what}`, value, unit, ...(note === undefined ? {} : { note }) });
    };
    add('real', 'traces with an error', 100 * real.errors, '%');
    add('real', 'rate', real.rate, 'traces/s');
    const ways: Array<[string, Uint8Array | undefined]> = [['anew', undefined]];
    if (previous !== undefined) {
      ways.push(['--from', previous]);
    }
    let last: TrainResult | undefined;
    for (const [how, from] of ways) {
      last = await trainModel(traces, {
        exemplarBytes: 0,
        fidelityCard: false,
        ...(from === undefined ? {} : { from }),
      });
      const { report } = last;
      const { takenOver, epochs, integerLoss } = report.training;
      const taken = takenOver === undefined ? '' : `, ${takenOver.rows} of ${takenOver.of} embeddings taken over`;
      add(how, 'training', report.seconds, 's', `${epochs} epochs${taken}${report.anew ?? ''}`);
      add(how, 'model', last.bytes.length, 'bytes');
      add(how, 'held-out loss', integerLoss ?? NaN, 'nats');
      const made = measure(await generated(last.bytes));
      add(how, 'traces with an error', 100 * made.errors, '%');
      add(how, 'rate', made.rate, 'traces/s');
    }
    previous = last?.bytes;
  }
  return rows;
}

export const bench: Bench = { name: 'drift', run };
