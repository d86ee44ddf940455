/** @file Bins counted without making traces are those of as many spans as the model has, and of its measured distribution. */
import { contextOf, FINE_CODES_A_NAT, type Priors, readPriors } from '../../pkg/features';
import { countDrawnBins, openModel, readNetworkSection } from '../../pkg/generate';
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
    const input = { content, context, onnx: onnx as Uint8Array, priors, seed: 1 };
    const counts = await countDrawnBins({ ...input, stride: 1 }, CLASSES);
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
    for (const field of ofTimes) {
      const own = counts.subarray(field * CLASSES, (field + 1) * CLASSES);
      expect(own.reduce((sum, n) => sum + n, 0)).toBe(spans[field]);
    }
    const few = await countDrawnBins({ ...input, stride: 3 }, CLASSES);
    const total = (list: Float64Array): number => list.reduce((sum, n) => sum + n, 0);
    expect(total(few) / total(counts)).toBeGreaterThan(0.25);
    expect(total(few) / total(counts)).toBeLessThan(0.42);
    const stop = new AbortController();
    stop.abort();
    await expect(countDrawnBins({ ...input, stride: 1, signal: stop.signal }, CLASSES)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  } finally {
    await model.close();
  }
}, 120_000);
