/** @file Models whose sections are damaged but whose hashes are right: opening and generating give traces or a coded error. */
import { GentError, setLimit } from '../../pkg/common';
import { openModel } from '../../pkg/generate';
import { readModelFile, SECTIONS, writeModelFile, type ModelSections } from '../../pkg/model';
import { trainModel } from '../../pkg/train';
import { differingTraces, numbers, shopTraces } from './batches';

/** Sections, each of a batch that has something to damage in it. */
const DAMAGED = [
  ...(['dictionary', 'shapes', 'counts', 'quantisers', 'network', 'priors'] as const).map(
    (section) => [section, 'a shop', () => shopTraces(60)] as const
  ),
  // fewer traces have hardly any drifts, and next to no bytes that could be damaged and read
  ['drifts', 'a large shop', () => shopTraces(1500)] as const,
  // resources and witnesses are of a later format where instances differ, and where attributes mind calls
  ...(['dictionary', 'quantisers'] as const).map(
    (section) => [section, 'pods that differ', () => differingTraces(1000)] as const
  ),
] as const;

test('pods that differ are slow, or fail, and a flag has its witness', async () => {
  const model = await openModel((await trainModel(differingTraces(1000), { epochs: 1 })).bytes);
  const { resources, fields } = model.content;
  expect(resources.filter(({ slowness }) => slowness !== undefined)).toHaveLength(1);
  expect(resources.filter(({ failures }) => failures !== undefined)).toHaveLength(1);
  expect(fields.flatMap(({ witnesses }) => witnesses).length).toBeGreaterThan(0);
  await model.close();
});

describe('a hostile model', () => {
  afterEach(() => setLimit('MODEL_MIXED_BYTES', undefined));

  test.each(DAMAGED)(
    'with a damaged section %s of %s gives traces or a coded error, and soon',
    async (section, _, traces) => {
      const { bytes } = await trainModel(traces(), { epochs: 1 });
      const file = readModelFile(bytes);
      const sections = {
        ...Object.fromEntries(SECTIONS.map((name) => [name, file.section(name)])),
        priors: file.optional('priors') as Uint8Array,
        drifts: file.optional('drifts') as Uint8Array,
      } as ModelSections & Record<'priors' | 'drifts', Uint8Array>;
      const { format: _format, id: _id, generator: _generator, sections: _sections, ...manifest } = file.manifest;
      const random = numbers(7);
      // Damaged files are packed by the quick codec: hundreds of them take minutes with the other.
      setLimit('MODEL_MIXED_BYTES', 0);
      let refused = 0;
      let generated = 0;
      // loading a network takes longest
      const rounds = section === 'network' ? 40 : 150;
      for (let round = 0; round < rounds; round++) {
        const data = Uint8Array.from(sections[section]);
        for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) {
          data[Math.floor(random() * data.length)] = Math.floor(random() * 256);
        }
        const damaged = writeModelFile(
          { ...sections, [section]: random() < 0.1 ? data.subarray(0, data.length >> 1) : data },
          manifest
        );
        try {
          const model = await openModel(damaged.bytes);
          try {
            // what opens has numbers of traces and spans that fit its limits
            expect(Number.isSafeInteger(model.traceCount)).toBe(true);
            const picks = [0, Math.floor(model.traceCount / 2), model.traceCount - 1];
            if (model.spanCount < 1e6) {
              for (const trace of await model.generate(picks)) {
                expect(trace.spans.length).toBeGreaterThan(0);
              }
              expect(model.spanCounts.counts.length).toBeGreaterThan(0);
            }
            generated++;
          } finally {
            await model.close();
          }
        } catch (error) {
          if (!(error instanceof GentError)) {
            throw error;
          }
          expect(error.code).toMatch(/^(MODEL|NN)_/);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
      expect(generated).toBeGreaterThan(0);
      expect(refused + generated).toBe(rounds);
    }
  );
});
