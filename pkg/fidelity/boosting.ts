/**
 * @file Gradient-boosted trees over histograms for two classes (Friedman 2001; histograms as in LightGBM, Ke et al.
 * 2017): logistic loss, leaves by one Newton step, features cut at quantiles of the training rows.
 */

/** One column a feature; all columns as long as there are rows. */
export type FeatureColumns = readonly Float64Array[];

export interface BoostingOptions {
  readonly depth: number;
  readonly rounds: number;
  readonly rate: number;
  /** Rows that a leaf must hold. */
  readonly minLeaf: number;
}

/** What the two-sample test uses. */
export const TWO_SAMPLE_BOOSTING: BoostingOptions = { depth: 3, rounds: 60, rate: 0.15, minLeaf: 20 };

const MAX_BINS = 128;
/** Keeps Newton steps finite in pure leaves. */
const RIDGE = 1;

/** Upper edges of bins that hold about equal shares of the values of `rows`. */
function binEdges(column: Float64Array, rows: Int32Array): Float64Array {
  const sorted = Float64Array.from(rows, (row) => column[row] as number).sort();
  const edges: number[] = [];
  for (let i = 1; i < MAX_BINS; i++) {
    const edge = sorted[Math.floor((i * sorted.length) / MAX_BINS)] as number;
    if (edge !== edges[edges.length - 1]) {
      edges.push(edge);
    }
  }
  return Float64Array.from(edges);
}

/** Number of edges below `value`. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] as number) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

interface Split {
  readonly feature: number;
  /** Bins up to this one go left. */
  readonly bin: number;
}

/** Splits of a complete tree by node number (children of i are 2i + 1 and 2i + 2), values of nodes that do not split. */
interface Tree {
  readonly splits: Array<Split | undefined>;
  readonly values: Float64Array;
}

function bestSplit(
  bins: readonly Uint8Array[],
  rows: Int32Array,
  gradient: Float64Array,
  hessian: Float64Array,
  minLeaf: number
): Split | undefined {
  let totalG = 0;
  let totalH = 0;
  for (const row of rows) {
    totalG += gradient[row] as number;
    totalH += hessian[row] as number;
  }
  const sumG = new Float64Array(MAX_BINS);
  const sumH = new Float64Array(MAX_BINS);
  const count = new Int32Array(MAX_BINS);
  let best: Split | undefined;
  let bestGain = (totalG * totalG) / (totalH + RIDGE) + 1e-9;
  bins.forEach((column, feature) => {
    sumG.fill(0);
    sumH.fill(0);
    count.fill(0);
    for (const row of rows) {
      const bin = column[row] as number;
      sumG[bin] = (sumG[bin] as number) + (gradient[row] as number);
      sumH[bin] = (sumH[bin] as number) + (hessian[row] as number);
      count[bin] = (count[bin] as number) + 1;
    }
    let leftG = 0;
    let leftH = 0;
    let left = 0;
    for (let bin = 0; bin < MAX_BINS - 1; bin++) {
      if (count[bin] === 0) {
        continue;
      }
      leftG += sumG[bin] as number;
      leftH += sumH[bin] as number;
      left += count[bin] as number;
      if (left < minLeaf || rows.length - left < minLeaf) {
        continue;
      }
      const rightG = totalG - leftG;
      const gain = (leftG * leftG) / (leftH + RIDGE) + (rightG * rightG) / (totalH - leftH + RIDGE);
      if (gain > bestGain) {
        bestGain = gain;
        best = { feature, bin };
      }
    }
  });
  return best;
}

function growTree(
  bins: readonly Uint8Array[],
  rows: Int32Array,
  gradient: Float64Array,
  hessian: Float64Array,
  options: BoostingOptions
): Tree {
  const inner = 2 ** options.depth - 1;
  const tree: Tree = { splits: new Array<Split | undefined>(inner), values: new Float64Array(2 * inner + 1) };
  const at: Array<Int32Array | undefined> = [rows];
  for (let node = 0; node < 2 * inner + 1; node++) {
    const own = at[node];
    if (own === undefined) {
      continue;
    }
    const split = node < inner ? bestSplit(bins, own, gradient, hessian, options.minLeaf) : undefined;
    if (split === undefined) {
      let g = 0;
      let h = 0;
      for (const row of own) {
        g += gradient[row] as number;
        h += hessian[row] as number;
      }
      tree.values[node] = (-options.rate * g) / (h + RIDGE);
      continue;
    }
    tree.splits[node] = split;
    const column = bins[split.feature] as Uint8Array;
    at[2 * node + 1] = own.filter((row) => (column[row] as number) <= split.bin);
    at[2 * node + 2] = own.filter((row) => (column[row] as number) > split.bin);
  }
  return tree;
}

function valueOf(tree: Tree, bins: readonly Uint8Array[], row: number): number {
  let node = 0;
  for (let split = tree.splits[0]; split !== undefined; split = tree.splits[node]) {
    node = 2 * node + (((bins[split.feature] as Uint8Array)[row] as number) <= split.bin ? 1 : 2);
  }
  return tree.values[node] as number;
}

/**
 * Learns to tell class 1 from class 0 on the rows `train`, and scores every row (log-odds; larger = more like class 1).
 * @param labels - 0 or 1 by row
 */
export function boostedScores(
  features: FeatureColumns,
  labels: Uint8Array,
  train: Int32Array,
  options: BoostingOptions = TWO_SAMPLE_BOOSTING
): Float64Array {
  const bins = features.map((column) => {
    const edges = binEdges(column, train);
    return Uint8Array.from(column, (value) => binOf(edges, value));
  });
  const scores = new Float64Array(labels.length);
  const gradient = new Float64Array(labels.length);
  const hessian = new Float64Array(labels.length);
  for (let round = 0; round < options.rounds; round++) {
    for (const row of train) {
      const p = 1 / (1 + Math.exp(-(scores[row] as number)));
      gradient[row] = p - (labels[row] as number);
      hessian[row] = p * (1 - p);
    }
    const tree = growTree(bins, train, gradient, hessian, options);
    for (let row = 0; row < scores.length; row++) {
      scores[row] = (scores[row] as number) + valueOf(tree, bins, row);
    }
  }
  return scores;
}
