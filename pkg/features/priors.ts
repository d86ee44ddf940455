/**
 * @file Prior logits: what each field of the network is drawn from on the whole, and in stretches of time in which it
 * was something else. The network is trained to say only what these do not (compare logit adjustment, Menon et al.
 * 2021, arXiv:2007.07314): rare bins and short incidents, which a small network smooths away, stay as they were.
 *
 * A base is a set of logits by bin: of a quantile table (for all sites that share it), of a number, or of a group of
 * attributes, whose masses the model has anyway. A regime is a change of a field's base, by group of bins, in some
 * consecutive time segments.
 */
import { ByteReader, ByteWriter } from '../model';
import type { ModelContent } from './content';
import { PACES } from './pace';
import type { RowContext } from './rows';
import { durationBinsOf } from './timing';

/** Classes a set of logits has room for. */
export const PRIOR_CLASSES = 64;
/** Groups of neighbouring bins that a regime tells apart. */
export const REGIME_GROUPS = 16;
/** Units of a code in the file, and of a logit, in a nat. */
export const CODES_A_NAT = 4;
/** The same of bases that were set right after training. */
export const FINE_CODES_A_NAT = 8;
const LOGITS_A_NAT = 64;
const LAYOUT = 1;
/** Bases in fine codes. */
const FINE_LAYOUT = 2;

/** A field's base changed: in segments from … to − 1, `codes` (quarter nats) are added, one for each group of bins. */
export interface Regime {
  readonly field: number;
  readonly from: number;
  readonly to: number;
  readonly codes: Int8Array;
}

export interface Priors {
  /** Codes of each base that is not made of masses, bin by bin. */
  readonly bases: readonly Int8Array[];
  /** Codes of bases in a nat: {@link CODES_A_NAT} or {@link FINE_CODES_A_NAT}. */
  readonly codesANat: number;
  /** Codes added to the bases that are made of masses, in the order of their fields; none before bases are set right. */
  readonly corrections: readonly Int8Array[];
  readonly regimes: readonly Regime[];
}

/** Where the base of a field comes from. */
export interface FieldBase {
  readonly classes: number;
  /** Index into the bases of {@link Priors}; −1 where `masses` say it. */
  readonly base: number;
  /** Index into the corrections of {@link Priors}; −1 where there is a base. */
  readonly correction: number;
  readonly masses: readonly number[];
}

/** The base of each field of the network, and the number of bins of each base and correction: all follow from the content. */
export function fieldBases(
  content: ModelContent,
  context: RowContext
): { fields: FieldBase[]; sizes: number[]; corrections: number[] } {
  const fields: FieldBase[] = [];
  const sizes: number[] = [];
  const corrections: number[] = [];
  const ofTable = new Map<number, number>();
  const add = (field: number, classes: number, base: number, masses: readonly number[] = []): void => {
    fields[field] = { classes, base, correction: base < 0 ? corrections.push(classes) - 1 : -1, masses };
  };
  const timing = (field: number, table: number, classes: number): void => {
    if (field < 0) {
      return;
    }
    let base = ofTable.get(table);
    if (base === undefined) {
      base = sizes.push(classes) - 1;
      ofTable.set(table, base);
    }
    add(field, classes, base);
  };
  content.timing.sites.forEach((site, s) => {
    timing(context.gapField[s] as number, site.gapTable, (content.timing.tables[site.gapTable]?.codes.length ?? 1) - 1);
    timing(context.durationField[s] as number, site.durationTable, durationBinsOf(content.timing, site));
  });
  content.fields.forEach((field, f) => {
    const number = context.attributeField[f] as number;
    if (number >= 0) {
      const group = content.attributes.operations[field.operation]?.spans.groups[field.group];
      const base = group === undefined ? sizes.push(field.classes) - 1 : -1;
      add(number, field.classes, base, group?.mass ?? []);
    }
  });
  context.paceFields.forEach((field) => add(field, PACES, sizes.push(PACES) - 1));
  return { fields, sizes, corrections };
}

/** Group of a bin. */
export function groupOfBin(bin: number, classes: number): number {
  return Math.floor(bin / Math.ceil(classes / REGIME_GROUPS));
}

/** Groups that the bins of a field make. */
export function groupsOf(classes: number): number {
  return groupOfBin(classes - 1, classes) + 1;
}

/**
 * ln x for x > 0 from + − × ÷ alone, whose results are the same on every machine, unlike those of Math.log:
 * x = 2^e · m, ln m = 2 artanh((m − 1) / (m + 1)).
 */
export function exactLog(x: number): number {
  let exponent = 0;
  let m = x;
  while (m >= 1.5) {
    m /= 2;
    exponent++;
  }
  while (m < 0.75) {
    m *= 2;
    exponent--;
  }
  const t = (m - 1) / (m + 1);
  let power = t;
  let sum = t;
  for (let n = 3; n <= 25; n += 2) {
    power *= t * t;
    sum += power / n;
  }
  return 2 * sum + exponent * 0.6931471805599453;
}

/** A part of an observation more for every class, so that none is impossible; little, for gaps in tails are meant. */
export const SMOOTHING = 0.1;

/** Prior logits, ready to be added. */
export class PriorTable {
  /** Sets of PRIOR_CLASSES logits in 1/64 nat. */
  readonly logits: Int16Array;
  private readonly ofRow: Int32Array;
  /** Classes that each set has logits of. */
  private readonly sizes: Uint8Array;
  private readonly segments: number;
  private readonly fieldColumn: number;
  private readonly segmentColumn: number;

  constructor(content: ModelContent, context: RowContext, priors: Priors) {
    const column = (name: string): number => context.embeddings.findIndex((embedding) => embedding.name === name);
    const segments = content.segments.count;
    this.segments = segments;
    this.fieldColumn = column('field');
    this.segmentColumn = column('segment');
    const { fields } = fieldBases(content, context);
    this.logits = new Int16Array((fields.length + priors.regimes.length) * PRIOR_CLASSES);
    this.ofRow = new Int32Array(fields.length * segments);
    this.sizes = new Uint8Array(fields.length + priors.regimes.length);
    fields.forEach((field, f) => {
      this.sizes[f] = field.classes;
      this.ofRow.fill(f, f * segments, (f + 1) * segments);
      this.logits.set(baseLogits(field, priors), f * PRIOR_CLASSES);
    });
    priors.regimes.forEach(({ field, from, to, codes }, r) => {
      const set = fields.length + r;
      const { classes } = fields[field] as FieldBase;
      this.sizes[set] = classes;
      this.ofRow.fill(set, field * segments + from, field * segments + to);
      for (let bin = 0; bin < classes; bin++) {
        this.logits[set * PRIOR_CLASSES + bin] =
          (this.logits[field * PRIOR_CLASSES + bin] as number) +
          ((codes[groupOfBin(bin, classes)] as number) * LOGITS_A_NAT) / CODES_A_NAT;
      }
    });
  }

  /** Number of the set of each row. */
  setsOf({ indices }: { readonly indices: readonly Int32Array[] }, count: number): Int32Array {
    const fields = indices[this.fieldColumn] as Int32Array;
    const segments = indices[this.segmentColumn] as Int32Array;
    return Int32Array.from(
      { length: count },
      (_, r) => this.ofRow[(fields[r] as number) * this.segments + (segments[r] as number)] as number
    );
  }

  /** Adds to the logits that a network gave for rows, `classes` a row. */
  addTo(
    logits: Int32Array | Int16Array,
    classes: number,
    rows: { readonly count: number; readonly indices: readonly Int32Array[] }
  ): void {
    const { count, indices } = rows;
    const fields = indices[this.fieldColumn] as Int32Array;
    const segments = indices[this.segmentColumn] as Int32Array;
    for (let r = 0; r < count; r++) {
      const set = this.ofRow[(fields[r] as number) * this.segments + (segments[r] as number)] as number;
      const end = r * classes + Math.min(classes, this.sizes[set] as number);
      for (let at = r * classes, from = set * PRIOR_CLASSES; at < end; at++, from++) {
        logits[at] = (logits[at] as number) + (this.logits[from] as number);
      }
    }
  }
}

function baseLogits({ classes, base, correction, masses }: FieldBase, priors: Priors): number[] {
  const codes = priors.bases[base];
  if (codes !== undefined) {
    return Array.from(codes, (code) => (code * LOGITS_A_NAT) / priors.codesANat);
  }
  const most = masses.reduce((max, mass) => Math.max(max, mass), 0) + SMOOTHING;
  const added = priors.corrections[correction];
  return Array.from(
    { length: classes },
    (_, c) =>
      Math.round(LOGITS_A_NAT * exactLog(((masses[c] ?? 0) + SMOOTHING) / most)) +
      ((added?.[c] ?? 0) * LOGITS_A_NAT) / priors.codesANat
  );
}

/** Writes priors; what follows from the content is left out. */
export function writePriors(writer: ByteWriter, { bases, regimes, codesANat, corrections }: Priors): void {
  writer.byte(codesANat === CODES_A_NAT ? LAYOUT : FINE_LAYOUT);
  for (const codes of [...bases, ...corrections]) {
    codes.forEach((code) => writer.byte(code & 0xff));
  }
  writer.deltas(regimes.map((regime) => regime.field));
  regimes.forEach((regime) => writer.varint(regime.from));
  regimes.forEach((regime) => writer.varint(regime.to - regime.from - 1));
  for (let group = 0; group < REGIME_GROUPS; group++) {
    for (const { codes } of regimes) {
      if (group < codes.length) {
        writer.byte((codes[group] as number) & 0xff);
      }
    }
  }
}

/** Reads priors for a content. @throws GentError MODEL_CORRUPT */
export function readPriors(reader: ByteReader, content: ModelContent, context: RowContext): Priors {
  const layout = reader.byte();
  if (layout !== LAYOUT && layout !== FINE_LAYOUT) {
    reader.fail('unknown layout');
  }
  const { fields, sizes, corrections: more } = fieldBases(content, context);
  const code = (): number => (reader.byte() << 24) >> 24;
  const codesOf = (size: number): Int8Array => Int8Array.from({ length: size }, code);
  const bases = sizes.map(codesOf);
  const corrections = layout === LAYOUT ? [] : more.map(codesOf);
  const list = reader.deltas();
  const segments = content.segments.count;
  const froms = Array.from(list, () => reader.varint(segments - 1));
  const spans = Array.from(list, () => reader.varint(segments - 1) + 1);
  let [lastField, lastTo] = [-1, 0];
  const regimes = Array.from(list, (field, r): Regime => {
    const from = froms[r] as number;
    const to = from + (spans[r] as number);
    const { classes } = fields[field] ?? { classes: 0 };
    if (classes === 0 || to > segments || field < lastField || (field === lastField && from < lastTo)) {
      reader.fail('regimes are out of range or out of order');
    }
    [lastField, lastTo] = [field, to];
    return { field, from, to, codes: new Int8Array(groupsOf(classes)) };
  });
  for (let group = 0; group < REGIME_GROUPS; group++) {
    for (const { codes } of regimes) {
      if (group < codes.length) {
        codes[group] = code();
      }
    }
  }
  reader.end();
  return { bases, regimes, corrections, codesANat: layout === LAYOUT ? CODES_A_NAT : FINE_CODES_A_NAT };
}
