/** @file Random networks, rows and tasks with a known answer, for tests and benchmarks. */
import { emptyWeights, topCode, type IntegerWeights } from './integer';
import { Random } from './random';
import type { NetworkSpec, RowInputs, TrainingRows } from './types';

/** A small network with several inputs. */
export const SMALL: NetworkSpec = {
  embeddings: [
    { name: 'operation', vocabulary: 7, dimension: 5 },
    { name: 'parent', vocabulary: 3, dimension: 4 },
  ],
  levels: 3,
  hidden: [16, 12],
  classes: 9,
};

/** Random integer weights whose activations neither die nor all saturate. */
export function randomWeights(spec: NetworkSpec, seed: number): IntegerWeights {
  const random = new Random(seed);
  const network = emptyWeights(spec);
  const top = topCode(7);
  const code = (): number => random.below(2 * top + 1) - top;
  network.tables.forEach((table) => table.forEach((_, i) => (table[i] = code())));
  network.layers.forEach((layer) => {
    layer.weights.forEach((_, i) => (layer.weights[i] = code()));
    layer.bias.forEach((_, i) => (layer.bias[i] = random.below(20001) - 10000));
    layer.shifts.forEach((_, i) => (layer.shifts[i] = 6 + random.below(4)));
  });
  return network;
}

/** Random rows of a network. */
export function randomRows(spec: NetworkSpec, count: number, seed: number): RowInputs {
  const random = new Random(seed, 1);
  return {
    count,
    indices: spec.embeddings.map(({ vocabulary }) =>
      Int32Array.from({ length: count }, () => random.below(vocabulary))
    ),
    levels: Uint8Array.from({ length: count * spec.levels }, () => random.below(256)),
  };
}

/** Rows whose target is drawn from a distribution that is known, and the mean of its entropy (nats). */
export function teacherRows(spec: NetworkSpec, count: number, seed: number): { rows: TrainingRows; entropy: number } {
  const random = new Random(seed, 2);
  const rows = randomRows(spec, count, seed);
  const targets = new Uint16Array(count);
  const effect = spec.embeddings.map(({ vocabulary }) =>
    Float64Array.from({ length: vocabulary * spec.classes }, () => random.uniform() * 4 - 2)
  );
  let entropy = 0;
  for (let row = 0; row < count; row++) {
    const odds = Array.from({ length: spec.classes }, (_, c) => {
      let logit = spec.levels > 0 ? ((rows.levels[row * spec.levels] as number) / 128 - 1) * (c % 3) : 0;
      effect.forEach((table, e) => {
        logit += table[(rows.indices[e]?.[row] as number) * spec.classes + c] as number;
      });
      return Math.exp(logit);
    });
    const total = odds.reduce((sum, each) => sum + each, 0);
    let rest = random.uniform() * total;
    let target = 0;
    while (target < spec.classes - 1 && (rest -= odds[target] as number) > 0) {
      target++;
    }
    targets[row] = target;
    entropy -= odds.reduce((sum, each) => sum + (each / total) * Math.log(each / total), 0);
  }
  return { rows: { ...rows, targets }, entropy: entropy / count };
}
