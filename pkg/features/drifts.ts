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
import type { SpanTable } from './span-table';
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

/** Drifts by what their positions are. */
export interface Drifts {
  /** Some twenty traces that follow each other. */
  readonly ticks: readonly Drift[];
  /** The number of a shape. */
  readonly shapes: readonly Drift[];
}

export type DriftKind = keyof Drifts;

const KINDS: readonly DriftKind[] = ['ticks', 'shapes'];

export const NO_DRIFTS: Drifts = { ticks: [], shapes: [] };

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

/** Where times are drawn: their bases, and their positions for drifts of each kind. */
export class DriftPlaces {
  readonly bases: ReadonlyArray<DriftBase | undefined>;
  /** How many positions there are. */
  readonly positions: Readonly<Record<DriftKind, number>>;
  private readonly ofField: Int32Array;

  constructor(content: ModelContent, context: RowContext) {
    const { bases, ofField } = driftBases(content, context);
    this.bases = bases;
    this.ofField = ofField;
    this.positions = { ticks: content.ticks.count, shapes: Math.min(MOST_SHAPES, content.layouts.length) };
  }

  /** The base of a field of the network; −1 of attributes. */
  baseOf(field: number): number {
    return this.ofField[field] ?? -1;
  }

  /** Position of span i. */
  at(kind: DriftKind, { tick, shape, traceOf }: SpanTable, i: number): number {
    return (kind === 'ticks' ? tick : shape)[traceOf[i] as number] as number;
  }
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
  /** By kind and base, the number of the drift at each position. */
  private readonly numbers: Readonly<Record<DriftKind, Map<number, Uint16Array>>>;
  private readonly places: DriftPlaces;
  private readonly classes: Uint8Array;

  constructor(content: ModelContent, context: RowContext, drifts: Drifts) {
    this.places = new DriftPlaces(content, context);
    const { bases, positions } = this.places;
    const count = KINDS.reduce((sum, kind) => sum + drifts[kind].length, 1);
    this.logits = new Int16Array(count * PRIOR_CLASSES);
    this.classes = new Uint8Array(count);
    this.numbers = { ticks: new Map(), shapes: new Map() };
    let number = 1;
    for (const kind of KINDS) {
      for (const drift of drifts[kind]) {
        const base = bases[drift.base] as DriftBase;
        const own = this.numbers[kind].get(drift.base) ?? new Uint16Array(positions[kind]);
        this.numbers[kind].set(drift.base, own);
        own.fill(number, drift.from, drift.to);
        this.classes[number] = base.classes;
        const [one, two] = driftCurves(base);
        for (let bin = 0; bin < base.classes; bin++) {
          // + − × ÷ and rounding: the same on every machine
          const codes = drift.first * (one[bin] as number) + drift.second * (two[bin] as number);
          this.logits[number * PRIOR_CLASSES + bin] = Math.round((LOGITS_A_NAT * codes) / DRIFT_CODES_A_NAT);
        }
        number++;
      }
    }
  }

  /** Number of the drift of a field in a tick; 0 = none. */
  inTick(field: number, tick: number): number {
    return this.numbers.ticks.get(this.places.baseOf(field))?.[tick] ?? 0;
  }

  /** Adds the drifts of a field of span i to the logits of a row, which begin at `at`. */
  addTo(logits: Int32Array | Int16Array, at: number, field: number, spans: SpanTable, i: number): void {
    const base = this.places.baseOf(field);
    for (const kind of KINDS) {
      const drift = this.numbers[kind].get(base)?.[this.places.at(kind, spans, i)] ?? 0;
      const from = drift * PRIOR_CLASSES;
      for (let bin = 0; drift > 0 && bin < (this.classes[drift] as number); bin++) {
        logits[at + bin] = (logits[at + bin] as number) + (this.logits[from + bin] as number);
      }
    }
  }
}

/** Writes drifts, which are in the order of their bases and positions. */
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
  const { bases, positions } = new DriftPlaces(content, context);
  const ticks = readList(reader, bases, positions.ticks);
  const shapes = readList(reader, bases, positions.shapes);
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
