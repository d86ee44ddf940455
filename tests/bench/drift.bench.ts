/**
 * @file Traffic that drifts, window after window (Gen-T's experiment, "rolling"): the shop as usual, errors appear, the
 * rate doubles, errors vanish. Each window is learnt anew and from the model of the window before.
 */
import { loadavg } from 'node:os';
import { Evaluator, MEASURES, newVocabulary, spanTable } from '../../pkg/fidelity';
import { openModel } from '../../pkg/generate';
import { movedTrace, simulateShop } from '../../pkg/pandora';
import type { Trace } from '../../pkg/trace';
import { trainModel, type TrainResult } from '../../pkg/train';
import type { Bench, BenchOptions, BenchRow } from './types';

const MINUTE = 60_000_000_000n;
const START = 1_760_000_000_000_000_000n;
const CYCLE = 30;
const STATUS_ERROR = 2;
/** Traces of a half hour at the usual rate: more, and the shop itself is the incident. */
const USUAL = 15_000;

/** Windows: which minutes of the shop's half hour (stock-database fails from 22 to 24), at how many times the rate. */
const WINDOWS = [
  { name: 'normal', from: 2, rate: 1 },
  { name: 'errors appear', from: 22, rate: 1 },
  { name: 'rate doubles', from: 22, rate: 2 },
  { name: 'errors vanish', from: 2, rate: 2 },
] as const;
const WINDOW_MINUTES = 2;
/** Measures of fidelity that are shown. */
const SHOWN = new Set(['correctedMeanTv64', 'taskScore', 'redError', 'durationP99', 'spearmanDiff', 'c2st']);

function firstStart(trace: Trace): bigint {
  return trace.spans.reduce((least, { startTimeUnixNano: at }) => (at < least ? at : least), 2n ** 63n);
}

/**
 * `wanted` traces of one window. The minutes of as many half hours as it takes, each simulated anew, are put one after the
 * other, so that the window is longer than the shop's incident and its rate is that of the traffic.
 */
function windowTraces(wanted: number, index: number): Trace[] {
  const { from, rate } = WINDOWS[index] as (typeof WINDOWS)[number];
  const length = BigInt(WINDOW_MINUTES) * MINUTE;
  const traces: Trace[] = [];
  for (let part = 0; traces.length < wanted; part++) {
    const startUnixNano = START + BigInt(index * 100) * length;
    const begin = startUnixNano + BigInt(from) * MINUTE;
    const seed = 1 + index * 100 + part;
    for (const trace of simulateShop({ count: USUAL * rate, seed, minutes: CYCLE, startUnixNano })) {
      const start = firstStart(trace);
      if (start > begin + 2n * length) {
        break;
      }
      if (start >= begin && start < begin + length) {
        traces.push(movedTrace(trace, BigInt(part) * length));
      }
    }
  }
  return traces.sort((a, b) => (firstStart(a) < firstStart(b) ? -1 : 1)).slice(0, wanted);
}

/** Share of traces with an error, and traces a second of the window. */
function measure(traces: readonly Trace[]): { errors: number; rate: number } {
  const failed = traces.filter((trace) => trace.spans.some((span) => span.statusCode === STATUS_ERROR)).length;
  const starts = traces.map(firstStart);
  const [first, last] = [starts.reduce((a, b) => (b < a ? b : a)), starts.reduce((a, b) => (b > a ? b : a))];
  return { errors: failed / traces.length, rate: (traces.length - 1) / (Number(last - first) / 1e9) };
}

async function generated(bytes: Uint8Array): Promise<Trace[]> {
  const model = await openModel(bytes);
  const traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
  await model.close();
  return traces;
}

async function run({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 500 : 5000;
  const rows: BenchRow[] = [];
  let previous: Uint8Array | undefined;
  for (const [index, { name }] of WINDOWS.entries()) {
    const traces = windowTraces(count, index);
    const real = measure(traces);
    const evaluator = new Evaluator(await spanTable(newVocabulary(), traces));
    log(`${name}: ${traces.length} traces (load ${(loadavg()[0] as number).toFixed(1)})`);
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
      const again = await generated(last.bytes);
      const made = measure(again);
      const fidelity = evaluator.measure(await spanTable(evaluator.real.vocabulary, again));
      add(how, 'traces with an error', 100 * made.errors, '%');
      add(how, 'rate', made.rate, 'traces/s');
      for (const { key, label, of } of MEASURES) {
        const value = SHOWN.has(key) ? of(fidelity) : null;
        if (value !== null) {
          add(how, label, value, '');
        }
      }
    }
    previous = last?.bytes;
  }
  return rows;
}

export const bench: Bench = { name: 'drift', run };
