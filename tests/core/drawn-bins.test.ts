/** @file Bins counted without making traces are those of as many spans as the model has, and of its measured distribution. */
import {
  contextOf,
  driftBases,
  type Drifts,
  FINE_CODES_A_NAT,
  NO_DRIFTS,
  type Priors,
  readDrifts,
  readPriors,
  TimedBins,
} from '../../pkg/features';
import { type DrawnBins, openDrawnBins, openModel, readNetworkSection } from '../../pkg/generate';
import { ByteReader, readModelFile } from '../../pkg/model';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { shopTraces } from '../query/shop-traces';

const CLASSES = 64;

/** Counts, and times cell by cell in the order of cells: the same for one thread and two. */
function inOrder({ counts, timed, responses }: Awaited<ReturnType<DrawnBins['count']>>): unknown {
  const sorted = (parts: typeof timed): Array<[number, number[]]> => {
    const sums = new Map<number, number[]>();
    for (const part of parts) {
      part.cells.forEach((cell, n) => {
        const own = Array.from(part.sums.subarray(16 * n, 16 * n + 16));
        sums.set(
          cell,
          own.map((sum, group) => sum + (sums.get(cell)?.[group] ?? 0))
        );
      });
    }
    return [...sums].sort(([a], [b]) => a - b);
  };
  return { counts, timed: sorted(timed), responses };
}

test('every span with a field is counted once, and priors that are set right keep to it', async () => {
  const batch = newTrainingBatch();
  shopTraces(300).forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), { epochs: 1, seed: 2, fidelityCard: false });
  const file = readModelFile(bytes);
  const model = await openModel(bytes);
  // a worker that is left over would keep the tests from ending
  const open: DrawnBins[] = [];
  try {
    const { content } = model;
    const { sizes, onnx } = readNetworkSection(file.section('network'));
    const context = contextOf(content, sizes);
    const priors: Priors = readPriors(
      new ByteReader(file.optional('priors') as Uint8Array, 'priors'),
      content,
      context
    );
    // bases were set right after training
    expect(priors.codesANat).toBe(FINE_CODES_A_NAT);
    const input = { content, context, onnx: onnx as Uint8Array, seed: 1 };
    const bins = await openDrawnBins(input, CLASSES, { threads: 1 });
    open.push(bins);
    const all = await bins.count({ priors, drifts: NO_DRIFTS, along: 'ticks', responding: true });
    const { counts } = all;
    const traces = new Float64Array(content.layouts.length);
    content.counts.shape.forEach((shape, row) => (traces[shape]! += content.counts.count[row] as number));
    const spans = new Float64Array(context.fields);
    content.sites.forEach((sites, shape) =>
      sites.forEach((site) => {
        for (const field of [context.gapField[site] as number, context.durationField[site] as number]) {
          if (field >= 0) {
            spans[field] = (spans[field] as number) + (traces[shape] as number);
          }
        }
      })
    );
    const ofTimes = [...new Set([...context.gapField, ...context.durationField])].filter((field) => field >= 0);
    const drawn = (list: readonly number[]): number[] =>
      list.map((field) => counts.subarray(field * CLASSES, (field + 1) * CLASSES).reduce((sum, n) => sum + n, 0));
    const sum = (list: readonly number[]): number => list.reduce((all, n) => all + n, 0);
    const ofDurations = new Set(context.durationField);
    const gaps = ofTimes.filter((field) => !ofDurations.has(field));
    expect(drawn(gaps)).toEqual(gaps.map((field) => spans[field]));
    // durations that settle into the ends of their table from its body, or the other way, count twice or not at all
    const durations = ofTimes.filter((field) => ofDurations.has(field));
    const share = sum(drawn(durations)) / sum(durations.map((field) => spans[field] as number));
    expect(Math.abs(share - 1)).toBeLessThan(0.05);
    const two = await openDrawnBins(input, CLASSES, { threads: 2 });
    open.push(two);
    expect(inOrder(await two.count({ priors, drifts: NO_DRIFTS, along: 'ticks', responding: true }))).toEqual(
      inOrder(all)
    );
    const others = { ...priors, bases: priors.bases.map((codes) => codes.map((code) => -code)) };
    expect(inOrder(await two.count({ priors: others, drifts: NO_DRIFTS }))).not.toEqual(inOrder(all));
    // a drift moves what is drawn in its ticks, and nothing of the same base in others
    const { bases, ofField } = driftBases(content, context);
    const common = ofTimes.reduce((most, field) => ((spans[field] as number) > (spans[most] as number) ? field : most));
    const base = ofField[common] as number;
    const ticks = content.ticks.count;
    expect(ticks).toBeGreaterThan(4);
    const drifts: Drifts = { ticks: [{ base, from: 1, to: 3, first: 60, second: 0 }], shapes: [] };
    const moved = await two.count({ priors, drifts, along: 'ticks', responding: true });
    const ofBase = ({ timed }: typeof all): number[][] => {
      const taken = new TimedBins(bases, ticks);
      timed.forEach((part) => taken.take(part));
      const times = taken.of(base);
      return Array.from({ length: ticks }, (_, t) => Array.from(times.subarray(t * 16, (t + 1) * 16)));
    };
    const [without, with_] = [ofBase(all), ofBase(moved)];
    const mean = (groups: readonly number[]): number =>
      groups.reduce((sum, n, group) => sum + n * group, 0) / groups.reduce((sum, n) => sum + n, 0);
    expect(mean(with_[1] as number[])).toBeGreaterThan(mean(without[1] as number[]) + 2);
    expect(mean(with_[2] as number[])).toBeGreaterThan(mean(without[2] as number[]) + 2);
    expect(with_[0]).toEqual(without[0]);
    expect(with_[4]).toEqual(without[4]);
    // times are the same without attributes
    const { timed, responses } = await two.count({ priors, drifts, timesOnly: true, along: 'ticks', responding: true });
    expect({ timed, responses }).toEqual({ timed: moved.timed, responses: moved.responses });
    expect(responses.flat().every((part) => part > 0 && part <= 1)).toBe(true);
    expect(responses.flat().some((part) => part < 1)).toBe(true);
    const kept = readDrifts(new ByteReader(file.optional('drifts') as Uint8Array, 'drifts'), content, context);
    for (const along of ['ticks', 'shapes'] as const) {
      expect(inOrder(await two.count({ priors, drifts: kept, along }))).toEqual(
        inOrder(await bins.count({ priors, drifts: kept, along }))
      );
    }
    for (const threads of [1, 2] as const) {
      const stopped = await openDrawnBins(input, CLASSES, { threads, signal: AbortSignal.abort() });
      await expect(stopped.count({ priors, drifts: NO_DRIFTS })).rejects.toMatchObject({ code: 'CANCELLED' });
      await stopped.close();
    }
    const wrong = { ...input, onnx: new Uint8Array(8) };
    await expect(openDrawnBins(wrong, CLASSES, { threads: 2 })).rejects.toMatchObject({ code: 'NN_BAD_NETWORK' });
  } finally {
    await Promise.all(open.map((one) => one.close()));
    await model.close();
  }
}, 120_000);
