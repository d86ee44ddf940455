/** @file Attributes that are dropped or hashed before training: in no model, in no batch kept aside. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openModel } from '../../pkg/generate';
import { readModelFile } from '../../pkg/model';
import { simulateShop, TraceSender } from '../../pkg/pandora';
import { otlpJson, readAllTraces, type Trace } from '../../pkg/trace';
import { startTrainer, stopTrainers, until } from './harness';

const directory = mkdtempSync(path.join(tmpdir(), 'gent-attributes-'));
afterEach(stopTrainers);
afterAll(() => rmSync(directory, { recursive: true }));

const KEY = 'not for everybody';
const PLAN = 'platinum-plan';
const hash = createHmac('sha256', KEY).update(PLAN).digest('hex').slice(0, 16);

/** Traces of the shop, each with one secret of its own and one that all share. */
const TRACES = [...simulateShop({ count: 150, seed: 1, startUnixNano: 1_700_000_000_000_000_000n })].map(
  (trace, t): Trace => ({
    ...trace,
    spans: trace.spans.map((span) => ({
      ...span,
      attributes: [
        ...span.attributes,
        { key: 'enduser.id', value: `secret-person-${t}` },
        { key: 'enduser.scope', value: 'secret-scope' },
        { key: 'plan', value: PLAN },
      ],
    })),
  })
);

function settings(): Parameters<typeof startTrainer>[0] {
  const hashKey = path.join(directory, 'key');
  writeFileSync(hashKey, KEY);
  return { epochs: 1, idleMs: 200, dropAttributes: ['enduser.*'], hashAttributes: ['plan'], hashKey };
}

it('are in no model; hashes are', async () => {
  const { trainer, store } = await startTrainer({ ...settings(), batchTraces: TRACES.length });
  await new TraceSender({ endpoint: trainer.address }).sendAll(TRACES);
  await until(() => trainer.status().published === 1, 'a model is published');
  const bytes = readFileSync(
    path.join(
      store,
      readdirSync(store).find((name) => name.endsWith('.gent'))!
    )
  );
  const { manifest } = readModelFile(bytes);
  expect(manifest.attributes.span).toContain('plan');
  expect(manifest.attributes.span.filter((key) => key.startsWith('enduser'))).toEqual([]);
  const model = await openModel(bytes);
  const text = otlpJson(await model.generate(Array.from({ length: model.traceCount }, (_, i) => i)));
  await model.close();
  expect(text).not.toContain('secret');
  expect(text).not.toContain(PLAN);
  expect(text).toContain(`{"key":"plan","value":{"stringValue":"${hash}"}}`);
});

it('are not in a batch that is kept because it could not be trained', async () => {
  const failed = path.join(directory, 'failed');
  const { trainer, store } = await startTrainer({ ...settings(), batchTraces: TRACES.length, failed, wal: 'off' });
  rmSync(store, { recursive: true });
  await new TraceSender({ endpoint: trainer.address }).sendAll(TRACES);
  await until(() => trainer.status().failed === 1, 'the batch is kept');
  const text = otlpJson(await readAllTraces([failed]));
  expect(text).toContain(hash);
  expect(text).not.toContain('secret');
});

it('a key of hashes that is not there is an error before anything is taken', async () => {
  await expect(startTrainer({ hashKey: path.join(directory, 'none') })).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  });
});
