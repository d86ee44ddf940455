/** @file One size of one kind of traffic: trained and generated again in the process that this runs in. */
import { readFileSync } from 'node:fs';
import { openModel } from '../../../pkg/generate';
import { simulateShop } from '../../../pkg/pandora';
import type { Trace } from '../../../pkg/trace';
import { newTrainingBatch, trainOnColumns } from '../../../pkg/train';
import { newApplication } from './application';
import { trafficOf } from './traffic';

const SEED = 1;
/** Traces drawn, or generated, at a time. */
const SLICE = 500;
/** The shop's beginning, so that every run has the same traces: 2026-01-01T00:00:00Z. */
const SHOP_START = 1_767_225_600_000_000_000n;

export const TRAFFIC = {
  '100 services': (count: number) =>
    trafficOf(newApplication({ services: 100, operations: 300, layers: 5 }, SEED), count, SEED),
  '1,000 operations': (count: number) =>
    trafficOf(newApplication({ services: 50, operations: 1000, layers: 6 }, SEED), count, SEED),
  'demo shop': (count: number) => simulateShop({ seed: SEED, count, startUnixNano: SHOP_START }),
} satisfies Record<string, (count: number) => Iterable<Trace>>;

export type TrafficName = keyof typeof TRAFFIC;

export interface Measurement {
  readonly traces: number;
  readonly spans: number;
  /** Wall time of training, taking the traces in included, drawing them not. */
  readonly trainSeconds: number;
  /** CPU time of the same, all threads: what a busy machine does not stretch. */
  readonly cpuSeconds: number;
  /** Most resident memory up to the end of training, MB. */
  readonly peakMegabytes: number;
  readonly bytes: number;
  /** On one thread. */
  readonly generatedSpansPerSecond: number;
}

/** Most resident memory of this process so far, MB. */
function peakMegabytes(): number {
  try {
    // Linux's ru_maxrss begins at that of the process that started this one; VmHWM does not.
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) {
      return (Number(kibibytes) * 1024) / 1e6;
    }
  } catch {
    // Not Linux.
  }
  return (process.resourceUsage().maxRSS * 1024) / 1e6;
}

const microsOf = ({ user, system }: NodeJS.CpuUsage): number => user + system;

/** Trains on `count` traces with the default settings, then generates every one of them. */
export async function measure(name: TrafficName, count: number): Promise<Measurement> {
  const batch = newTrainingBatch();
  let trainMs = 0;
  let cpuMicros = 0;
  const timed = <T>(run: () => T): T => {
    const began = performance.now();
    const cpu = process.cpuUsage();
    const value = run();
    trainMs += performance.now() - began;
    cpuMicros += microsOf(process.cpuUsage(cpu));
    return value;
  };
  let slice: Trace[] = [];
  const take = (): void => {
    timed(() => slice.forEach((trace) => batch.add(trace)));
    slice = [];
  };
  for (const trace of TRAFFIC[name](count)) {
    if (slice.push(trace) === SLICE) {
      take();
    }
  }
  take();
  const columns = timed(() => batch.finish());
  const { traces, spans } = columns;
  const began = performance.now();
  const cpu = process.cpuUsage();
  const { bytes } = await trainOnColumns(columns);
  trainMs += performance.now() - began;
  cpuMicros += microsOf(process.cpuUsage(cpu));
  const peak = peakMegabytes();
  const model = await openModel(bytes);
  const indices = Array.from({ length: model.traceCount }, (_, i) => i);
  await model.generate(indices.slice(0, SLICE));
  const generateBegan = performance.now();
  let generated = 0;
  for (let from = 0; from < indices.length; from += SLICE) {
    for (const trace of await model.generate(indices.slice(from, from + SLICE))) {
      generated += trace.spans.length;
    }
  }
  const generateSeconds = (performance.now() - generateBegan) / 1000;
  await model.close();
  return {
    traces,
    spans,
    trainSeconds: trainMs / 1000,
    cpuSeconds: cpuMicros / 1e6,
    peakMegabytes: peak,
    bytes: bytes.length,
    generatedSpansPerSecond: generated / generateSeconds,
  };
}
