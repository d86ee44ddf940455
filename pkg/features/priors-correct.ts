/** @file Sets prior logits right by what was drawn with them. */
import { driftCurves, type DriftBase } from './drifts';
import { FINE_CODES_A_NAT, SMOOTHING, type FieldBase, type Priors } from './priors';
import { CALM, CORRECTION_STEP, dampedResponse, type Response } from './responses';
import { tiltOf } from './tilt';

/** Changes are rounded up from 1 − this on: smaller ones cost more bytes than they are worth. */
const KEEP = 0.25;
const MOST_CODE = 127;
/** Fewer spans do not say which way a base is off. */
const LEAST_SLANTED = 20;

/** What was measured, and what was drawn with some priors. */
export interface DrawnEvidence {
  readonly fields: readonly FieldBase[];
  /** Counts of the bins of each field as measured, `classes` a field. */
  readonly wanted: Float64Array;
  /** The same of what was drawn, of as many traces or fewer. */
  readonly drawn: Float64Array;
  readonly classes: number;
  /** Fields whose bases are set. */
  readonly settable: ReadonlySet<number>;
  /** Of those that times are drawn from, see `driftBases`, and how far draws of each move, see `responsesOf`. */
  readonly bases?: ReadonlyArray<DriftBase | undefined>;
  readonly responses?: readonly Response[];
}

/**
 * Sets bases right by what was drawn with them: the network learnt from times as they were measured, and draws after times
 * it drew itself, so small errors add up.
 */
export function correctedPriors(priors: Priors, evidence: DrawnEvidence): Priors {
  const { fields, wanted, drawn, classes, settable, bases = [], responses = [] } = evidence;
  const of = (sizes: readonly number[]): BinCounts[] =>
    sizes.map((size) => ({ wanted: new Float64Array(size), drawn: new Float64Array(size) }));
  const ofBases = of(priors.bases.map(({ length }) => length));
  const massed = fields.filter(({ correction }) => correction >= 0);
  const ofCorrections = of(massed.map(({ classes: size }) => size));
  fields.forEach(({ base, correction }, f) => {
    const sum = settable.has(f) ? (ofBases[base] ?? ofCorrections[correction]) : undefined;
    sum?.wanted.forEach((_, bin) => {
      sum.wanted[bin] = (sum.wanted[bin] as number) + (wanted[f * classes + bin] as number);
      sum.drawn[bin] = (sum.drawn[bin] as number) + (drawn[f * classes + bin] as number);
    });
  });
  const finer = FINE_CODES_A_NAT / priors.codesANat;
  return {
    ...priors,
    codesANat: FINE_CODES_A_NAT,
    bases: priors.bases.map((codes, b) => {
      const counts = ofBases[b] as BinCounts;
      return corrected(codes, finer, counts, slant(counts, bases[b], responses[b]));
    }),
    corrections: massed.map(({ classes: size }, c) =>
      corrected(priors.corrections[c] ?? new Int8Array(size), finer, ofCorrections[c] as BinCounts)
    ),
  };
}

/** Counts of the bins of a base, as measured and as drawn. */
interface BinCounts {
  readonly wanted: Float64Array;
  readonly drawn: Float64Array;
}

const total = (list: Float64Array): number => list.reduce((all, n) => all + n, 0);

/** What the body of a base is off by, smoothly, in nats by bin; and what must be added for draws to follow. */
interface Slant {
  readonly off: Float64Array;
  readonly added: Float64Array;
}

/** Undefined where little was drawn, and for bases of attributes: neighbouring bins of those have nothing in common. */
function slant({ wanted, drawn }: BinCounts, base?: DriftBase, response: Response = [1, 1]): Slant | undefined {
  if (base === undefined || total(wanted) < LEAST_SLANTED || total(drawn) === 0) {
    return undefined;
  }
  const curves = driftCurves(base);
  const possible = drawn.map((n) => n + SMOOTHING);
  const { first, second } = tiltOf(wanted, possible, curves);
  const along = (one: number, two: number): Float64Array =>
    curves[0].map((x, bin) => one * x + two * (curves[1][bin] as number));
  const [ofFirst, ofSecond] = response.map(dampedResponse) as [number, number];
  return { off: along(first, second), added: along(first / ofFirst, second / ofSecond) };
}

function corrected(codes: Int8Array, finer: number, { wanted, drawn }: BinCounts, slanted?: Slant): Int8Array {
  const left = slanted === undefined ? drawn : drawn.map((n, bin) => n * Math.exp(slanted.off[bin] as number));
  const scale = total(wanted) / Math.max(1, total(left));
  return codes.map((code, bin) => {
    const ratio = ((wanted[bin] as number) + CALM) / ((left[bin] as number) * scale + CALM);
    const off = FINE_CODES_A_NAT * CORRECTION_STEP * (Math.log(ratio) + (slanted?.added[bin] ?? 0));
    return Math.max(-MOST_CODE, Math.min(MOST_CODE, code * finer + Math.trunc(off + Math.sign(off) * KEEP)));
  });
}
