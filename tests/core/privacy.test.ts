/** @file What fewer than k traces have is in no byte of a model and in no trace that it generates. */
import { openModel } from '../../pkg/generate';
import { trainModel } from '../../pkg/train';
import { asText, secretsIn, tracesWithSecrets, unpacked } from './secrets';

const K = 5;

describe('secrets of fewer than k traces', () => {
  const batch = tracesWithSecrets(700, K);

  test('are really in the batch', () => {
    expect(secretsIn(asText(batch.traces), batch)).toHaveLength(batch.secrets.length);
  });

  test.each([
    ['without a network', 0],
    ['with a network', 1],
  ])('are in no section of the model and in no generated trace, %s', async (_, epochs) => {
    const { bytes } = await trainModel(batch.traces, { epochs, privacyK: K, exemplarBytes: 0 });
    expect(secretsIn(unpacked(bytes), batch)).toEqual([]);
    const model = await openModel(bytes);
    const generated = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
    await model.close();
    expect(generated).toHaveLength(batch.traces.length);
    expect(secretsIn(asText(generated), batch)).toEqual([]);
  });

  test('are kept where k traces have them', async () => {
    const { bytes } = await trainModel(batch.traces, { epochs: 0, privacyK: K - 1, exemplarBytes: 0 });
    expect(secretsIn(unpacked(bytes), batch).length).toBeGreaterThan(batch.secrets.length / 2);
  });
});
