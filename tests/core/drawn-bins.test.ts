/** @file Bins counted without making traces are those of as many spans as the model has, and of its measured distribution. */
import { contextOf, FINE_CODES_A_NAT, type Priors, readPriors } from '../../pkg/features';
import { openDrawnBins, openModel, readNetworkSection } from '../../pkg/generate';
import { ByteReader, readModelFile } from '../../pkg/model';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { shopTraces } from '../query/shop-traces';

const CLASSES = 64;

test('every span with a field is counted once, and priors that are set right keep to it', async () => {
  const batch = newTrainingBatch();
  shopTraces(300).forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), { epochs: 1, seed: 2, fidelityCard: false });
  const file = readModelFile(bytes);
  const model = await openModel(bytes);
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
    const counts = await bins.count(priors);
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
    await bins.close();
    const two = await openDrawnBins(input, CLASSES, { threads: 2 });
    expect(await two.count(priors)).toEqual(counts);
    const others = { ...priors, bases: priors.bases.map((codes) => codes.map((code) => -code)) };
    expect(await two.count(others)).not.toEqual(counts);
    expect(await two.count(priors)).toEqual(counts);
    await two.close();
    for (const threads of [1, 2] as const) {
      const stopped = await openDrawnBins(input, CLASSES, { threads, signal: AbortSignal.abort() });
      await expect(stopped.count(priors)).rejects.toMatchObject({ code: 'CANCELLED' });
      await stopped.close();
    }
    const wrong = { ...input, onnx: new Uint8Array(8) };
    await expect(openDrawnBins(wrong, CLASSES, { threads: 2 })).rejects.toMatchObject({ code: 'NN_BAD_NETWORK' });
  } finally {
    await model.close();
  }
}, 120_000);
