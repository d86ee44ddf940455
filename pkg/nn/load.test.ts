/** @file The integer network gives the same integers everywhere: runtimes, threads, optimisation, batches, reference. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { encodeNetwork } from './inference-graph';
import type { IntegerWeights } from './integer';
import { MAX_WIDTH } from './layout';
import { loadNetwork } from './load';
import { evaluateReference } from './reference';
import { loadRuntime } from './runtime';
import { randomRows, randomWeights, SMALL } from './samples';
import type { NetworkSpec, RowInputs, Runtime } from './types';

const LARGE: NetworkSpec = {
  embeddings: [40, 60, 200].map((vocabulary, i) => ({ name: `e${i}`, vocabulary, dimension: 16 })),
  levels: 6,
  hidden: [128, 128],
  classes: 64,
};

const SPECS: ReadonlyArray<{ name: string; spec: NetworkSpec; count: number }> = [
  { name: 'a large network', spec: LARGE, count: 3000 },
  { name: 'a small network', spec: SMALL, count: 30_000 },
  { name: 'no hidden layer', spec: { ...SMALL, hidden: [] }, count: 500 },
  { name: 'levels only', spec: { ...SMALL, embeddings: [] }, count: 500 },
  { name: 'embeddings only', spec: { ...SMALL, levels: 0 }, count: 500 },
  { name: 'one class', spec: { ...SMALL, classes: 1 }, count: 500 },
];

/** The graph as a file holds it, on a runtime, optimised or not. */
async function runFile(network: IntegerWeights, rows: RowInputs, level: 'all' | 'disabled'): Promise<Int32Array> {
  const ort = await loadRuntime('native');
  const options = { graphOptimizationLevel: level, executionProviders: ['cpu'], intraOpNumThreads: 2 };
  const session = await ort.InferenceSession.create(encodeNetwork(network), options);
  const { embeddings, levels } = network.spec;
  const indices = new Int32Array(rows.count * embeddings.length);
  rows.indices.forEach((column, e) => column.forEach((index, row) => (indices[row * embeddings.length + e] = index)));
  const results = await session.run({
    ...(embeddings.length > 0 && { indices: new ort.Tensor('int32', indices, [rows.count, embeddings.length]) }),
    ...(levels > 0 && { levels: new ort.Tensor('uint8', rows.levels, [rows.count, levels]) }),
  });
  await session.release();
  return results.logits!.data as Int32Array;
}

/** Logits of a network in a worker thread of plain Node: Jest's sandbox cannot load the WASM runtime. */
async function runInWorker(onnx: Uint8Array, rows: RowInputs, runtime: Runtime): Promise<Int32Array> {
  const outfile = path.resolve(__dirname, '../../build/test-nn.cjs');
  buildSync({
    entryPoints: [path.join(__dirname, 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['onnxruntime-node', 'onnxruntime-web'],
    define: { __GENT_BUNDLED__: 'true', __GENT_VERSION__: '"test"' },
    logLevel: 'error',
  });
  const code = `const { parentPort, workerData } = require('node:worker_threads');
    const { loadNetwork } = require(workerData.outfile);
    loadNetwork(workerData.onnx, { runtime: workerData.runtime })
      .then(async (network) => { parentPort.postMessage(await network.logits(workerData.rows)); await network.close(); });`;
  const worker = new Worker(code, { eval: true, workerData: { outfile, onnx, rows, runtime } });
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

function slice(rows: RowInputs, levels: number, from: number, to: number): RowInputs {
  return {
    count: to - from,
    indices: rows.indices.map((column) => column.subarray(from, to)),
    levels: rows.levels.subarray(from * levels, to * levels),
  };
}

describe('the same integers', () => {
  test.each(SPECS)('$name: native, file graph, reference', async ({ spec, count }) => {
    const weights = randomWeights(spec, 3);
    const rows = randomRows(spec, count, 4);
    const expected = evaluateReference(weights, rows);
    expect(new Set(expected).size).toBeGreaterThan(5);
    for (const threads of [1, 2]) {
      const network = await loadNetwork(encodeNetwork(weights), { threads });
      expect(network.spec).toEqual(spec);
      expect(Buffer.compare(bytes(await network.logits(rows)), bytes(expected))).toBe(0);
      await network.close();
    }
    for (const level of ['all', 'disabled'] as const) {
      expect(Buffer.compare(bytes(await runFile(weights, rows, level)), bytes(expected))).toBe(0);
    }
  });

  test('WebAssembly', async () => {
    const weights = randomWeights(LARGE, 5);
    const rows = randomRows(LARGE, 3000, 6);
    const expected = evaluateReference(weights, rows);
    for (const runtime of ['wasm', 'native'] as const) {
      const found = await runInWorker(encodeNetwork(weights), rows, runtime);
      expect(Buffer.compare(bytes(found), bytes(expected))).toBe(0);
    }
  });

  test('any batch', async () => {
    const weights = randomWeights(SMALL, 8);
    const rows = randomRows(SMALL, 5000, 9);
    const network = await loadNetwork(encodeNetwork(weights));
    const all = Int32Array.from(await network.logits(rows));
    for (const size of [1, 2, 7, 13, 64, 257, 2048, 2049]) {
      for (const from of [0, 1000, 2951]) {
        const to = Math.min(5000, from + size);
        const part = await network.logits(slice(rows, SMALL.levels, from, to));
        expect(Buffer.compare(bytes(part), bytes(all.subarray(from * 9, to * 9)))).toBe(0);
      }
    }
    expect(await network.logits(slice(rows, SMALL.levels, 0, 0))).toHaveLength(0);
    await network.close();
  });

  test('the widest layers and the largest codes: no saturation, no rounding', async () => {
    const spec = { embeddings: [], levels: MAX_WIDTH, hidden: [MAX_WIDTH, 4], classes: 5 };
    const weights = randomWeights(spec, 1);
    weights.layers.forEach((layer) => {
      layer.weights.forEach((_, i) => (layer.weights[i] = i % 7 === 0 ? -63 : 63));
      layer.bias.fill(2 ** 22 - 1);
      layer.shifts.fill(1);
    });
    const rows = { count: 50, indices: [], levels: new Uint8Array(50 * MAX_WIDTH).map((_, i) => 255 - (i % 3)) };
    const expected = evaluateReference(weights, rows);
    const network = await loadNetwork(encodeNetwork(weights));
    expect(await network.logits(rows)).toEqual(expected);
    await network.close();
  });

  test('calls that overlap in time', async () => {
    const weights = randomWeights(SMALL, 8);
    const network = await loadNetwork(encodeNetwork(weights));
    const batches = [10, 500, 30, 2500].map((count) => randomRows(SMALL, count, count));
    const found = await Promise.all(batches.map(async (rows) => Int32Array.from(await network.logits(rows))));
    expect(found).toEqual(batches.map((rows) => evaluateReference(weights, rows)));
    await network.close();
  });
});

describe('rows that do not fit the network', () => {
  const good = randomRows(SMALL, 4, 1);
  const wrong: ReadonlyArray<[string, RowInputs]> = [
    ['an index beyond the vocabulary', { ...good, indices: [Int32Array.of(0, 1, 7, 0), good.indices[1]!] }],
    ['a negative index', { ...good, indices: [Int32Array.of(0, -1, 2, 0), good.indices[1]!] }],
    ['a missing column', { ...good, indices: [good.indices[0]!] }],
    ['a short column', { ...good, indices: [good.indices[0]!, Int32Array.of(1)] }],
    ['too few levels', { ...good, levels: new Uint8Array(3) }],
    ['a negative count', { ...good, count: -1 }],
  ];
  test.each(wrong)('%s', async (_, rows) => {
    const network = await loadNetwork(encodeNetwork(randomWeights(SMALL, 1)));
    await expect(network.logits(rows)).rejects.toMatchObject({ code: 'NN_BAD_ROWS' });
    await network.close();
  });
});

function bytes(values: Int32Array | Int16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
