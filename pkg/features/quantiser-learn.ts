/** @file Learns quantile tables: where edges go, from observations. */
import { coarsen, commonUnit, encodeScale, makeTable, MAX_BINS, type QuantileTable } from './quantiser';

const BODY_LEVELS = 60;
/** Quantiles that are edges in any case: the ends decide the largest values. */
const END_LEVELS = [0.002, 0.995, 0.999] as const;
/**
 * Quantiles of the tail that are looked at one by one: the observation there gets a narrow bin. Few observations lie
 * beyond, and far apart; a bin across such a gap would fill it.
 */
const TAIL_LEVELS = [0.95, 0.98, 0.99, 0.999] as const;
/** Fewer observations have no tail to speak of. */
const TAIL_OBSERVATIONS = 50;
/** Edges around one observation lie at least this far from it (a 32nd of an octave), so that they do not tell it. */
const TAIL_STEPS = 16;
/**
 * Bins are placed half by count (so that each is about as likely) and half by the cube root of the density on the scale,
 * which is what keeps the mean error of a quantiser least (Panter and Dite 1951): tails get bins though few fall there.
 */
const COUNT_SHARE = 0.75;
/** Share of the bins that are placed so; the rest split whichever bin fits its observations worst. */
const BASE_SHARE = 0.78;
/** Steps of the scale over which density is measured: a sixteenth of an octave. */
const CELL_STEPS = 32;
/** Fewest observations of a bin, so that an edge is never one trace's own value. */
const MIN_BIN = 3;
/** Observations a bin should stand for before another is spent. */
const OBSERVATIONS_PER_BIN = 10;

/** Weight of each of the sorted observations: what bins share out evenly. */
function placementWeights(codes: Int32Array): Float64Array {
  const n = codes.length;
  const roots: Array<{ from: number; to: number; root: number }> = [];
  let sum = 0;
  for (let from = 0; from < n;) {
    const cell = Math.floor((codes[from] as number) / CELL_STEPS);
    let to = from + 1;
    while (to < n && Math.floor((codes[to] as number) / CELL_STEPS) === cell) {
      to++;
    }
    const root = Math.cbrt((to - from) / n);
    roots.push({ from, to, root });
    sum += root;
    from = to;
  }
  const weights = new Float64Array(n);
  for (const { from, to, root } of roots) {
    weights.fill(COUNT_SHARE / n + ((1 - COUNT_SHARE) * root) / (sum * (to - from)), from, to);
  }
  return weights;
}

/** Edges that share the observations out among about `body` bins. */
function edgesFor(codes: Int32Array, weights: Float64Array, body: number): number[] {
  const n = codes.length;
  const edges = new Set<number>();
  if (body > 2) {
    for (const level of END_LEVELS) {
      if (level * n >= MIN_BIN && (1 - level) * n >= MIN_BIN) {
        edges.add(codes[Math.floor(level * n)] as number);
      }
    }
  }
  let filled = 0;
  let next = 1;
  for (let i = 0; i < n; i++) {
    while (filled >= next / body) {
      edges.add(codes[i] as number);
      next++;
    }
    filled += weights[i] as number;
  }
  // A value that many observations share gets a bin of its own.
  for (let i = 0; i < n;) {
    let j = i + 1;
    while (j < n && codes[j] === codes[i]) {
      j++;
    }
    if (j - i >= n / body && j - i > 1) {
      edges.add(codes[i] as number);
      edges.add((codes[i] as number) + 1);
    }
    i = j;
  }
  return withoutThinBins(
    codes,
    [...edges].sort((a, b) => a - b)
  );
}

/** Leaves out edges that would make a bin of fewer than {@link MIN_BIN} observations; adds both ends. */
function withoutThinBins(codes: Int32Array, sorted: readonly number[]): number[] {
  const n = codes.length;
  const end = (codes[n - 1] as number) + 1;
  const kept = [codes[0] as number];
  let at = 0;
  let since = 0;
  for (const edge of sorted) {
    while (at < n && (codes[at] as number) < edge) {
      at++;
      since++;
    }
    if (since >= Math.min(MIN_BIN, n) && edge > (kept[kept.length - 1] as number) && edge < end) {
      if (n - at >= MIN_BIN) {
        kept.push(edge);
        since = 0;
      }
    }
  }
  kept.push(end);
  return kept;
}

/** A bin while edges are chosen: observations from … to − 1, how badly a straight line fits them, and where to split. */
interface Draft {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  readonly error: number;
  /** Edge that would split it, and the first observation beyond; 0 observations = none. */
  readonly edge: number;
  readonly at: number;
}

function draft(codes: Int32Array, from: number, to: number, low: number, high: number): Draft {
  let error = 0;
  let worst = 0;
  let edge = 0;
  let at = 0;
  const step = (high - low) / Math.max(1, to - from);
  for (let i = from; i < to; i++) {
    const code = codes[i] as number;
    const deviation = code + 0.5 - (low + (i - from + 0.5) * step);
    error += Math.abs(deviation);
    // below the line: what follows is thinner, so split after it; above: split before it
    const beyond = deviation < 0 ? i + 1 : i;
    const split = deviation < 0 ? code + 1 : code;
    const between = beyond - from >= MIN_BIN && to - beyond >= MIN_BIN && split > low && split < high;
    if (between && Math.abs(deviation) > worst && codes[beyond - 1] !== codes[beyond]) {
      worst = Math.abs(deviation);
      edge = split;
      at = beyond;
    }
  }
  return { from, to, low, high, error, edge, at };
}

/** Splits the bin whose observations lie furthest from evenly spread, again and again: clusters and voids in the tails. */
function splitWorst(codes: Int32Array, edges: readonly number[], most: number): number[] {
  let at = 0;
  const drafts = edges.slice(1).map((high, bin) => {
    const from = at;
    while (at < codes.length && (codes[at] as number) < high) {
      at++;
    }
    return draft(codes, from, at, edges[bin] as number, high);
  });
  while (drafts.length < most) {
    let worst = -1;
    drafts.forEach((candidate, d) => {
      if (candidate.at > 0 && (worst < 0 || candidate.error > (drafts[worst] as Draft).error)) {
        worst = d;
      }
    });
    const chosen = drafts[worst];
    if (chosen === undefined) {
      break;
    }
    drafts.splice(
      worst,
      1,
      draft(codes, chosen.from, chosen.at, chosen.low, chosen.edge),
      draft(codes, chosen.at, chosen.to, chosen.edge, chosen.high)
    );
  }
  return [edges[0] as number, ...drafts.map((bin) => bin.high)];
}

/** Edges around the observations at {@link TAIL_LEVELS}, where their neighbours are further away than that. */
function tailEdges(codes: Int32Array): number[] {
  const n = codes.length;
  const edges: number[] = [];
  for (const level of TAIL_LEVELS) {
    const at = Math.floor(level * n);
    const code = codes[at] as number;
    if (code - (codes[at - 1] ?? code) >= 2 * TAIL_STEPS) {
      edges.push(code - TAIL_STEPS);
    }
    if ((codes[at + 1] ?? code) - code >= 2 * TAIL_STEPS) {
      edges.push(code + TAIL_STEPS);
    }
  }
  return edges;
}

/** Edges and more of them, up to `most` bins. */
function withEdges(edges: readonly number[], more: readonly number[], most: number): number[] {
  const all = new Set(edges);
  const end = edges[edges.length - 1] as number;
  for (const edge of more) {
    if (all.size - 1 < most && edge > (edges[0] as number) && edge < end) {
      all.add(edge);
    }
  }
  return [...all].sort((a, b) => a - b);
}

/**
 * Learns a table.
 * @param values - at least one, finite
 * @param maxBins - most bins to spend
 */
export function learnTable(values: Float64Array, maxBins = MAX_BINS): QuantileTable {
  const unit = commonUnit(values);
  const codes = Int32Array.from(values, (value) => encodeScale(value / unit)).sort();
  const n = codes.length;
  const most = Math.min(maxBins, MAX_BINS);
  const wanted = Math.max(1, Math.min(BODY_LEVELS, most, Math.floor(n / OBSERVATIONS_PER_BIN) + 1));
  let body = Math.max(1, Math.ceil(BASE_SHARE * wanted));
  const weights = placementWeights(codes);
  let edges: number[];
  do {
    edges = edgesFor(codes, weights, body);
    body = Math.max(1, Math.min(body - 1, Math.floor(body * 0.95)));
  } while (edges.length - 1 > most && body > 1);
  if (edges.length - 1 > most) {
    edges = [codes[0] as number, (codes[n - 1] as number) + 1];
  }
  const tail = n < TAIL_OBSERVATIONS || most < MAX_BINS ? [] : tailEdges(codes);
  const room = Math.max(1, most - tail.length);
  edges = splitWorst(codes, edges, Math.min(room, Math.max(wanted, edges.length - 1) + END_LEVELS.length));
  edges = withEdges(edges, tail, most);
  coarsen(edges);
  const table = makeTable(unit, Int32Array.from(edges), new Float64Array(edges.length - 1));
  let bin = 0;
  for (const code of codes) {
    while (code >= (edges[bin + 1] as number)) {
      bin++;
    }
    (table.mass as Float64Array)[bin] = ((table.mass as Float64Array)[bin] as number) + 1;
  }
  return table;
}
