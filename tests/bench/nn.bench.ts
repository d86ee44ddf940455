/** @file The network alone: training and inference speed, what quantisation costs in loss, bytes by weight bits. */
import { gzipSync } from 'node:zlib';
import { loadNetwork, trainNetwork, type NetworkSpec, type Runtime, type TrainingRows } from '../../pkg/nn';
import { Random } from '../../pkg/nn/random';
import type { Bench, BenchOptions, BenchRow } from './types';

const VOCABULARIES = [40, 60, 200, 32, 32, 20];
const SPEC: NetworkSpec = {
  embeddings: VOCABULARIES.map((vocabulary, i) => ({ name: `input${i}`, vocabulary, dimension: 16 })),
  levels: 6,
  hidden: [128, 128],
  classes: 64,
};
/** Sizes of the teacher: a vector for each input value, and one hidden layer. */
const VECTOR = 8;
const HIDDEN = 24;

/** Rows whose targets a random network of another form draws, and the mean −log probability it gave them (nats). */
function teacherRows(count: number, seed: number): { rows: TrainingRows; loss: number } {
  const random = new Random(seed, 9);
  const normals = (length: number, spread: number): Float32Array =>
    Float32Array.from(
      { length },
      () => spread * Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
    );
  const width = VOCABULARIES.length * VECTOR + SPEC.levels;
  const vectors = VOCABULARIES.map((vocabulary) => normals(vocabulary * VECTOR, 1));
  const inner = normals(width * HIDDEN, 1 / Math.sqrt((VOCABULARIES.length * VECTOR) / 1.5));
  const outer = normals(HIDDEN * SPEC.classes, 0.9);
  const indices = VOCABULARIES.map(() => new Int32Array(count));
  const levels = new Uint8Array(count * SPEC.levels);
  const targets = new Uint8Array(count);
  const x = new Float32Array(width);
  const hidden = new Float32Array(HIDDEN);
  const odds = new Float64Array(SPEC.classes);
  let loss = 0;
  for (let row = 0; row < count; row++) {
    VOCABULARIES.forEach((vocabulary, e) => {
      // Values of real traces are far from evenly spread.
      const value = Math.floor(vocabulary * random.uniform() ** 2.5);
      indices[e]![row] = value;
      x.set(vectors[e]!.subarray(value * VECTOR, (value + 1) * VECTOR), e * VECTOR);
    });
    for (let l = 0; l < SPEC.levels; l++) {
      const level = random.below(256);
      levels[row * SPEC.levels + l] = level;
      x[width - SPEC.levels + l] = level / 64 - 2;
    }
    for (let j = 0; j < HIDDEN; j++) {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        sum += x[i]! * inner[i * HIDDEN + j]!;
      }
      hidden[j] = Math.tanh(sum);
    }
    let total = 0;
    for (let c = 0; c < SPEC.classes; c++) {
      let logit = 0;
      for (let j = 0; j < HIDDEN; j++) {
        logit += hidden[j]! * outer[j * SPEC.classes + c]!;
      }
      odds[c] = Math.exp(logit);
      total += odds[c]!;
    }
    let rest = random.uniform() * total;
    let target = 0;
    while (target < SPEC.classes - 1 && (rest -= odds[target]!) > 0) {
      target++;
    }
    targets[row] = target;
    loss -= Math.log(odds[target]! / total);
  }
  return { rows: { count, indices, levels, targets }, loss: loss / count };
}

/** Median wall time of a call, in milliseconds. */
async function median(repetitions: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(repetitions / 2)]!;
}

async function inference(onnx: Uint8Array, rows: TrainingRows, runtime: Runtime): Promise<BenchRow[]> {
  const network = await loadNetwork(onnx, { runtime });
  const part = (count: number): TrainingRows => ({ ...rows, count });
  const result: BenchRow[] = [];
  for (const count of runtime === 'native' ? [2000, 10_000] : [2000]) {
    await median(5, () => network.logits(part(count)));
    const ms = await median(41, () => network.logits(part(count)));
    const target = runtime === 'native' ? '≥ 700' : undefined;
    const what = `inference ${runtime}, ${count} rows a call, one thread`;
    result.push({ what, value: Math.round(count / ms), unit: 'thousand rows/s', target });
  }
  for (const count of [1, 50]) {
    const us = 1000 * (await median(501, () => network.logits(part(count))));
    const target = runtime === 'native' ? '< 100' : undefined;
    result.push({ what: `inference ${runtime}, one call of ${count}`, value: Math.round(us), unit: 'µs', target });
  }
  await network.close();
  return result;
}

async function run({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 100_000 : 500_000;
  const epochs = quick ? 3 : 8;
  const { rows, loss } = teacherRows(count, 1);
  log(`${count} rows, ${epochs} epochs, the teacher's own loss ${loss.toFixed(4)} nats`);
  const result: BenchRow[] = [{ what: "teacher's loss", value: loss, unit: 'nats' }];
  for (const weightBits of [7, 6, 5, 4]) {
    const { onnx, report } = await trainNetwork(SPEC, rows, { seed: 1, epochs, weightBits });
    const gzip = gzipSync(onnx, { level: 9 }).length;
    log(
      `${weightBits} bits: loss ${report.integerLoss.toFixed(4)}, gzip ${gzip} bytes, ${report.seconds.toFixed(1)} s`
    );
    if (weightBits === 7) {
      const speed = Math.round((count * report.epochs) / report.seconds / 1000);
      result.push(
        {
          what: 'training, two workers, start and end included',
          value: speed,
          unit: 'thousand rows/s',
          target: '≥ 500',
        },
        ...(await inference(onnx, rows, 'native')),
        ...(await inference(onnx, rows, 'wasm'))
      );
    }
    const gap = report.integerLoss - report.heldOutLoss;
    result.push(
      { what: `held-out loss, ${weightBits} bits, in training`, value: report.heldOutLoss, unit: 'nats' },
      { what: `integer network against it, ${weightBits} bits`, value: gap, unit: 'nats', target: '< 0.01' },
      { what: `gzip -9, ${weightBits} bits`, value: gzip, unit: 'bytes', note: `${report.parameters} parameters` }
    );
  }
  return result;
}

export const bench: Bench = { name: 'nn', run };
