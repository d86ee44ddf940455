/** @file Structure: shapes, edges, spans per trace, defects, and copying. */
import { addCount, type Counts, orderedDistance, totalVariation } from './distance';
import { oncePer } from './memo';
import { DEFECTS, type SpanTable } from './span-table';
import { shapesOf, timedTreesOf } from './trees';

/** Shapes of at most this many traces are rare. */
const RARE = 10;
/** Parent operation × this + child operation. */
const OPERATIONS = 2 ** 26;

export interface Structure {
  shapeTV: number;
  edgeTV: number;
  spansPerTraceW1: number;
  novelShapeShare: number;
  /** null where no real shape is rare. */
  rareShapeRecall: number | null;
  invalid: number;
  /** Share of traces with each defect on either side. */
  defects: Record<string, { real: number; other: number }>;
}

function counted(values: Iterable<number>): Counts {
  const counts: Counts = new Map();
  for (const value of values) {
    addCount(counts, value);
  }
  return counts;
}

/** Parent operation → child operation pairs, as counts. */
export const edgesOf = oncePer((table: SpanTable): Counts => {
  const counts: Counts = new Map();
  for (let row = 0; row < table.spans; row++) {
    const parent = table.parent[row] as number;
    if (parent >= 0) {
      addCount(counts, (table.operation[parent] as number) * OPERATIONS + (table.operation[row] as number));
    }
  }
  return counts;
});

function lengths(table: SpanTable): Counts {
  const counts: Counts = new Map();
  for (let trace = 0; trace < table.traces; trace++) {
    addCount(counts, (table.offsets[trace + 1] as number) - (table.offsets[trace] as number));
  }
  return counts;
}

function defectShare(table: SpanTable, bit: number): number {
  let count = 0;
  for (const bits of table.defects) {
    count += (bits >> bit) & 1;
  }
  return table.traces === 0 ? 0 : count / table.traces;
}

/** Traces with a kind the real side never shows, and the excess of the kinds it does show over three standard errors. */
function invalidShare(other: SpanTable, defects: Structure['defects']): number {
  let foreign = 0;
  let excess = 0;
  DEFECTS.forEach((kind, bit) => {
    const shares = defects[kind] as { real: number; other: number };
    if (shares.real === 0) {
      foreign |= 1 << bit;
    } else if (other.traces > 0) {
      const noise = 3 * Math.sqrt((shares.real * (1 - shares.real)) / other.traces);
      excess += Math.max(0, shares.other - shares.real - noise);
    }
  });
  const broken = other.defects.reduce((sum, bits) => sum + ((bits & foreign) !== 0 ? 1 : 0), 0);
  return Math.min(1, (other.traces === 0 ? 0 : broken / other.traces) + excess);
}

/** Measures the structure of `other` against `real`. */
export function structure(real: SpanTable, other: SpanTable): Structure {
  const realShapes = counted(shapesOf(real));
  const otherShapes = counted(shapesOf(other));
  let novel = 0;
  for (const [shape, count] of otherShapes) {
    novel += realShapes.has(shape) ? 0 : count;
  }
  const rare = [...realShapes].filter(([, count]) => count <= RARE).map(([shape]) => shape);
  const defects: Structure['defects'] = {};
  DEFECTS.forEach((kind, bit) => {
    defects[kind] = { real: defectShare(real, bit), other: defectShare(other, bit) };
  });
  return {
    shapeTV: totalVariation(realShapes, otherShapes),
    edgeTV: totalVariation(edgesOf(real), edgesOf(other)),
    spansPerTraceW1: orderedDistance(lengths(real), lengths(other)),
    novelShapeShare: other.traces === 0 ? 0 : novel / other.traces,
    rareShapeRecall: rare.length === 0 ? null : rare.filter((shape) => otherShapes.has(shape)).length / rare.length,
    invalid: invalidShare(other, defects),
    defects,
  };
}

export interface Copying {
  /** Share of the traces that are exemplars: kept verbatim, and said to be. The other shares are of those that are not. */
  exemplars: number;
  copied: number;
  /** Among traces of two spans or more; null without any. */
  copiedMultiSpan: number | null;
  realTracesWithATwin: number;
}

/** Share of the other side's traces that equal a real one in tree, operations and durations in whole microseconds. */
export function copying(real: SpanTable, other: SpanTable): Copying {
  const counts = counted(timedTreesOf(real));
  const hashes = timedTreesOf(other);
  let written = 0;
  let copied = 0;
  let multi = 0;
  let copiedMulti = 0;
  hashes.forEach((hash, trace) => {
    if (other.exemplar[trace] === 1) {
      return;
    }
    written += 1;
    const isCopy = counts.has(hash) ? 1 : 0;
    copied += isCopy;
    if ((other.offsets[trace + 1] as number) - (other.offsets[trace] as number) > 1) {
      multi += 1;
      copiedMulti += isCopy;
    }
  });
  let twins = 0;
  for (const count of counts.values()) {
    twins += count > 1 ? count : 0;
  }
  return {
    exemplars: other.traces === 0 ? 0 : 1 - written / other.traces,
    copied: written === 0 ? 0 : copied / written,
    copiedMultiSpan: multi === 0 ? null : copiedMulti / multi,
    realTracesWithATwin: real.traces === 0 ? 0 : twins / real.traces,
  };
}
