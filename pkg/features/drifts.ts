/**
 * @file Drifts: how what times are drawn from moves for a while, or in one shape. A drift adds two numbers times two fixed
 * curves to the prior logits of the bins (an exponential tilt: Siegmund 1976), so a minute in which an operation is slow
 * costs about three bytes. Drifts are learnt from what a model draws against what was measured (drifts-learn.ts): what the
 * network knows already costs nothing.
 */
import { ByteReader, ByteWriter } from '../model';
import type { ModelContent } from './content';
import { fieldBases, PRIOR_CLASSES } from './priors';
import type { RowContext } from './rows';
import { slackBinsOf } from './timing';

/** Units of a code in a nat. */
export const DRIFT_CODES_A_NAT = 4;
const LOGITS_A_NAT = 64;
const LAYOUT = 1;
/** The curves are level beyond this part of the bins either way: the ends of tables are far apart and rare. */
const LEVEL_BEYOND = 0.6;
/** Shapes that can have drifts of their own: the most frequent. */
const MOST_SHAPES = 256;
/** Drifts of a list: their numbers, and 0 for none, fit into 16 bits. */
const MOST_DRIFTS = 0x7fff;

/** At positions from … to − 1, `first` and `second` (quarter nats) times the two curves are added to the logits of a base. */
export interface Drift {
  readonly base: number;
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly second: number;
}

/** Drifts along time, whose positions are ticks, and those of shapes, whose positions are their numbers. */
export interface Drifts {
  readonly ticks: readonly Drift[];
  readonly shapes: readonly Drift[];
}

export const NO_DRIFTS: Drifts = { ticks: [], shapes: [] };

/** Positions of the drifts of shapes. */
export function driftShapeCount({ layouts }: Pick<ModelContent, 'layouts'>): number {
  return Math.min(MOST_SHAPES, layouts.length);
}

/** Bins of a base of times. */
export interface DriftBase {
  readonly classes: number;
  /** Bins that say what a span leaves of its parent, before those that say how long it lasts. */
  readonly slackBins: number;
}

/** The bases that times are drawn from, by number; and the base of each field of the network, −1 for attributes. */
export function driftBases(
  content: ModelContent,
  context: RowContext
): { readonly bases: ReadonlyArray<DriftBase | undefined>; readonly ofField: Int32Array } {
  const { fields } = fieldBases(content, context);
  const bases: Array<DriftBase | undefined> = [];
  const ofField = new Int32Array(context.fields).fill(-1);
  const add = (field: number, slackBins: number): void => {
    if (field >= 0) {
      const { base, classes } = fields[field] as { base: number; classes: number };
      ofField[field] = base;
      bases[base] ??= { classes, slackBins };
    }
  };
  content.timing.sites.forEach((site, s) => {
    add(context.gapField[s] as number, 0);
    add(context.durationField[s] as number, slackBinsOf(content.timing, site));
  });
  context.paceFields.forEach((field) => add(field, 0));
  return { bases, ofField };
}

/** Place of bin `bin` among `classes`, from −1 to 1, the same for all bins at either end. */
function placeOf(bin: number, classes: number): number {
  const place = classes < 2 ? 0 : (2 * bin - (classes - 1)) / (classes - 1) / LEVEL_BEYOND;
  return Math.max(-1, Math.min(1, place));
}

/**
 * The two curves: a slope and a bend (the Legendre polynomials of degree 1 and 2) over the bins; where the bins are of two
 * kinds, which kind it is, and a slope over those that say how long a span lasts.
 */
export function driftCurves({ classes, slackBins }: DriftBase): readonly [Float64Array, Float64Array] {
  const first = new Float64Array(classes);
  const second = new Float64Array(classes);
  for (let bin = 0; bin < classes; bin++) {
    if (slackBins > 0 && slackBins < classes) {
      first[bin] = bin < slackBins ? -1 : 1;
      second[bin] = bin < slackBins ? 0 : placeOf(bin - slackBins, classes - slackBins);
    } else {
      const x = placeOf(bin, classes);
      first[bin] = x;
      second[bin] = 1.5 * x * x - 0.5;
    }
  }
  return [first, second];
}

/** Drifts, ready to be added. */
export class DriftTable {
  /** Logits of each drift, in 1/64 nat; drift 0 is none. */
  private readonly logits: Int16Array;
  /** Number of the drift of each base in each tick, and in each shape. */
  private readonly inTick = new Map<number, Uint16Array>();
  private readonly inShape = new Map<number, Uint16Array>();
  private readonly ofField: Int32Array;
  private readonly classes: Uint8Array;

  constructor(content: ModelContent, context: RowContext, { ticks, shapes }: Drifts) {
    const { bases, ofField } = driftBases(content, context);
    this.ofField = ofField;
    const count = ticks.length + shapes.length + 1;
    this.logits = new Int16Array(count * PRIOR_CLASSES);
    this.classes = new Uint8Array(count);
    const add = (drift: Drift, number: number, numbers: Map<number, Uint16Array>, size: number): void => {
      const base = bases[drift.base] as DriftBase;
      const own = numbers.get(drift.base) ?? new Uint16Array(size);
      numbers.set(drift.base, own);
      own.fill(number, drift.from, drift.to);
      this.classes[number] = base.classes;
      const [one, two] = driftCurves(base);
      for (let bin = 0; bin < base.classes; bin++) {
        // + − × ÷ and rounding: the same on every machine
        const codes = drift.first * (one[bin] as number) + drift.second * (two[bin] as number);
        this.logits[number * PRIOR_CLASSES + bin] = Math.round((LOGITS_A_NAT * codes) / DRIFT_CODES_A_NAT);
      }
    };
    ticks.forEach((drift, d) => add(drift, d + 1, this.inTick, content.ticks.count));
    shapes.forEach((drift, d) => add(drift, ticks.length + d + 1, this.inShape, driftShapeCount(content)));
  }

  /** Number of the drift of a field in a tick; 0 = none. */
  at(field: number, tick: number): number {
    return this.inTick.get(this.ofField[field] as number)?.[tick] ?? 0;
  }

  /** Adds the drifts of a field in a tick and a shape to the logits of a row, which begin at `at`. */
  addTo(logits: Int32Array | Int16Array, at: number, field: number, tick: number, shape: number): void {
    this.addOne(logits, at, this.at(field, tick));
    this.addOne(logits, at, this.inShape.get(this.ofField[field] as number)?.[shape] ?? 0);
  }

  private addOne(logits: Int32Array | Int16Array, at: number, drift: number): void {
    const from = drift * PRIOR_CLASSES;
    for (let bin = 0; drift > 0 && bin < (this.classes[drift] as number); bin++) {
      logits[at + bin] = (logits[at + bin] as number) + (this.logits[from + bin] as number);
    }
  }
}

/** Writes drifts, which are in the order of their bases and ticks. */
export function writeDrifts(writer: ByteWriter, { ticks, shapes }: Drifts): void {
  writer.byte(LAYOUT);
  writeList(writer, ticks);
  writeList(writer, shapes);
}

function writeList(writer: ByteWriter, drifts: readonly Drift[]): void {
  writer.deltas(drifts.map((drift) => drift.base));
  drifts.forEach((drift, d) => {
    const before = drifts[d - 1];
    writer.varint(drift.from - (before?.base === drift.base ? before.to : 0));
  });
  drifts.forEach((drift) => writer.varint(drift.to - drift.from - 1));
  drifts.forEach((drift) => writer.byte(drift.first & 0xff));
  drifts.forEach((drift) => writer.byte(drift.second & 0xff));
}

/** Reads drifts for a content. @throws GentError MODEL_CORRUPT */
export function readDrifts(reader: ByteReader, content: ModelContent, context: RowContext): Drifts {
  if (reader.byte() !== LAYOUT) {
    reader.fail('unknown layout');
  }
  const { bases } = driftBases(content, context);
  const ticks = readList(reader, bases, content.ticks.count);
  const shapes = readList(reader, bases, driftShapeCount(content));
  reader.end();
  return { ticks, shapes };
}

function readList(reader: ByteReader, bases: ReadonlyArray<DriftBase | undefined>, size: number): Drift[] {
  const list = Array.from(reader.deltas());
  if (list.length > MOST_DRIFTS || list.some((base, d) => bases[base] === undefined || base < (list[d - 1] ?? 0))) {
    reader.fail('drifts of bases that are not there, or out of order');
  }
  const gaps = list.map(() => reader.varint(size - 1));
  const lengths = list.map(() => reader.varint(size - 1) + 1);
  const code = (): number => (reader.byte() << 24) >> 24;
  const firsts = list.map(code);
  const seconds = list.map(code);
  let [lastBase, lastTo] = [-1, 0];
  return list.map((base, d): Drift => {
    const from = (base === lastBase ? lastTo : 0) + (gaps[d] as number);
    const to = from + (lengths[d] as number);
    if (to > size) {
      reader.fail('a drift goes on beyond the last tick or shape');
    }
    [lastBase, lastTo] = [base, to];
    return { base, from, to, first: firsts[d] as number, second: seconds[d] as number };
  });
}
