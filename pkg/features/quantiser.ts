/**
 * @file Quantile tables: a value becomes one of at most 64 bins, a bin and a position become a value.
 *
 * Edges are integers on a piecewise linear scale with 512 steps an octave (a float with 9 bits after the leading one),
 * so they cost little more than a byte each, never hold a measured value digit by digit, and decode with + − × ÷ alone: the same
 * bytes on every machine. Between edges the scale itself is interpolated, which is log-like in the tails.
 */
import { ByteReader, ByteWriter } from '../model';

/** Most bins of a table, and so most classes of a field. */
export const MAX_BINS = 64;
const BODY_LEVELS = 60;
/** Quantiles that are edges in any case: the ends decide the largest values. */
const END_LEVELS = [0.002, 0.995, 0.999] as const;
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
/** Units to try, coarsest first: many sources record µs or ms only. */
const UNITS = [1_000_000, 1000, 1] as const;

/** Steps of the scale in an octave: coarser ones would make the masses of neighbouring bins uneven. */
const STEPS = 512;

const POWERS = Float64Array.from({ length: 1100 }, (_, i) => 2 ** i);

function encodeMagnitude(x: number, roundUp: boolean): number {
  let exponent = 0;
  while (x >= 2 * STEPS * (POWERS[exponent] as number)) {
    exponent++;
  }
  const scaled = x / (POWERS[exponent] as number);
  const code = exponent * STEPS + (roundUp ? Math.ceil(scaled) : Math.floor(scaled));
  return code;
}

/** The scale point at or below x (integers below 1024 are points themselves). */
export function encodeScale(x: number): number {
  return x >= 0 ? encodeMagnitude(x, false) : -encodeMagnitude(-x, true);
}

/** The value at a point of the scale, also between its integers. */
export function decodeScale(code: number): number {
  if (code < 0) {
    return -decodeScale(-code);
  }
  if (code < 2 * STEPS) {
    return code;
  }
  const exponent = Math.floor(code / STEPS) - 1;
  return (code - exponent * STEPS) * (POWERS[exponent] as number);
}

/** A table. Bin j covers edges j … j + 1, the upper one excluded. */
export interface QuantileTable {
  /** What values are whole multiples of. */
  readonly unit: number;
  /** Scale points, strictly rising; bins + 1 of them. */
  readonly codes: Int32Array;
  /** Decoded edges times unit. */
  readonly edges: Float64Array;
  /** Weight of each bin, where no network gives it. */
  readonly mass: Float64Array | undefined;
}

function makeTable(unit: number, codes: Int32Array, mass: Float64Array | undefined): QuantileTable {
  return { unit, codes, edges: Float64Array.from(codes, (code) => decodeScale(code) * unit), mass };
}

export function binsOf(table: QuantileTable): number {
  return table.codes.length - 1;
}

/** The coarsest of the usual units that divides every value. */
export function commonUnit(values: ArrayLike<number>): number {
  let u = 0;
  for (let i = 0; i < values.length && u < UNITS.length - 1; i++) {
    // Numbers that are not whole end at the finest unit.
    while (u < UNITS.length - 1 && (values[i] as number) % (UNITS[u] as number) !== 0) {
      u++;
    }
  }
  return UNITS[u] as number;
}

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
  edges = splitWorst(codes, edges, Math.min(most, Math.max(wanted, edges.length - 1) + END_LEVELS.length));
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

/** Bin of a value; values outside fall into the first or last bin. */
export function binOf(table: QuantileTable, value: number): number {
  const { edges } = table;
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] as number) <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** Where a value stands among the table's bins: 0 … 255. */
export function levelOf(table: QuantileTable, value: number): number {
  const { edges } = table;
  const bins = edges.length - 1;
  if (value <= (edges[0] as number)) {
    return 0;
  }
  if (value >= (edges[bins] as number)) {
    return 255;
  }
  const bin = binOf(table, value);
  const low = edges[bin] as number;
  const share = (value - low) / ((edges[bin + 1] as number) - low);
  return Math.min(255, Math.floor(((bin + share) * 256) / bins));
}

/** The value at a position 0 ≤ u < 1 inside a bin, a whole multiple of the unit. */
export function valueIn(table: QuantileTable, bin: number, u: number): number {
  const low = table.codes[bin] as number;
  const high = table.codes[bin + 1] as number;
  return Math.floor(decodeScale(low + u * (high - low))) * table.unit;
}

/** The position inside a bin at which values reach `value`, 0 … 1: the inverse of {@link valueIn} on the scale. */
export function shareBelow(table: QuantileTable, bin: number, value: number): number {
  const low = table.edges[bin] as number;
  const high = table.edges[bin + 1] as number;
  return value <= low ? 0 : value >= high ? 1 : (value - low) / (high - low);
}

/** Share of the table's bins that lie below a value: 0 … 1. */
export function positionOf(table: QuantileTable, value: number): number {
  const bin = binOf(table, value);
  return (bin + shareBelow(table, bin, value)) / binsOf(table);
}

/** The value at a position 0 ≤ p < 1 among the bins: the inverse of {@link positionOf} on the scale. */
export function valueAt(table: QuantileTable, position: number): number {
  const bins = binsOf(table);
  const bin = Math.min(bins - 1, Math.floor(position * bins));
  return valueIn(table, bin, Math.min(1 - 2 ** -53, position * bins - bin));
}

/**
 * Estimate of the differential entropy of what the table was learnt from, in nats: Σ p log(width / p).
 * Comparable between tables of the same observations.
 */
export function entropyOf(table: QuantileTable): number {
  const mass = table.mass as Float64Array;
  const total = mass.reduce((sum, count) => sum + count, 0);
  let entropy = 0;
  mass.forEach((count, bin) => {
    if (count > 0) {
      const width = (table.edges[bin + 1] as number) - (table.edges[bin] as number);
      entropy += (count / total) * Math.log((width * total) / count);
    }
  });
  return entropy;
}

const MASS_SCALE = 2000;

/** Writes tables column by column. @param withMass - keep the weights of bins */
export function writeTables(writer: ByteWriter, tables: readonly QuantileTable[], withMass: boolean): void {
  writer.varint(tables.length);
  writer.byte(withMass ? 1 : 0);
  for (const table of tables) {
    writer.byte(UNITS.indexOf(table.unit as (typeof UNITS)[number]));
    writer.varint(table.codes.length - 2);
    writer.zigzag(table.codes[0] as number);
  }
  for (const table of tables) {
    for (let i = 1; i < table.codes.length; i++) {
      writer.varint((table.codes[i] as number) - (table.codes[i - 1] as number) - 1);
    }
  }
  if (withMass) {
    for (const table of tables) {
      const mass = table.mass as Float64Array;
      const total = mass.reduce((sum, count) => sum + count, 0);
      mass.forEach((count) => writer.varint(Math.max(1, Math.round((count * MASS_SCALE) / total))));
    }
  }
}

/** Reads tables. */
export function readTables(reader: ByteReader): QuantileTable[] {
  const count = reader.count(3);
  const withMass = reader.byte() === 1;
  const heads: Array<{ unit: number; bins: number; first: number }> = [];
  for (let left = count; left > 0; left--) {
    const unit = UNITS[reader.byte()];
    if (unit === undefined) {
      reader.fail('unknown unit');
    }
    heads.push({ unit, bins: reader.varint(MAX_BINS - 1) + 1, first: reader.zigzag() });
  }
  const maxCode = 600_000;
  const codes = heads.map((head) => {
    const list = new Int32Array(head.bins + 1);
    list[0] = head.first;
    for (let i = 1; i < list.length; i++) {
      list[i] = (list[i - 1] as number) + reader.varint(2 * maxCode) + 1;
    }
    if (Math.abs(head.first) > maxCode || Math.abs(list[head.bins] as number) > maxCode) {
      reader.fail('an edge is out of range');
    }
    return list;
  });
  const mass = heads.map((head) =>
    withMass ? Float64Array.from({ length: head.bins }, () => reader.varint(1_000_000)) : undefined
  );
  return heads.map((head, i) => makeTable(head.unit, codes[i] as Int32Array, mass[i]));
}
