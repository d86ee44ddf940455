/** @file Prior logits: what is learnt of bins and of stretches of time, its bytes, and its use. */
import { GentError } from '../common';
import { ByteReader, ByteWriter } from '../model';
import {
  correctedPriors,
  exactLog,
  fieldBases,
  learnPriors,
  makeTable,
  PRIOR_CLASSES,
  PriorTable,
  readPriors,
  writePriors,
  type ModelContent,
  type Priors,
  type RowContext,
} from '.';

const SEGMENTS = 20;
const BINS = 32;

/** A content of two timing fields that share a table, a group and three numbers; only what priors look at. */
function content(): { content: ModelContent; context: RowContext } {
  const table = makeTable(
    1,
    Int32Array.from({ length: BINS + 1 }, (_, i) => i * 3),
    undefined
  );
  const site = { gapTable: 0, durationTable: 1 };
  const timing = { sites: [site, { ...site, gapTable: -1 }], tables: [table, table] };
  const fields = [
    { operation: 0, group: 0, slot: -1, classes: 3 },
    { operation: 0, group: -1, slot: 0, classes: 5 },
    { operation: 0, group: -1, slot: 1, classes: BINS },
    { operation: 0, group: -1, slot: 2, classes: BINS },
  ];
  const operations = [{ spans: { groups: [{ mass: [90, 10, 0] }], slots: [] }, events: [] }];
  return {
    content: { timing, fields, attributes: { operations }, segments: { count: SEGMENTS } } as unknown as ModelContent,
    context: {
      gapField: Int32Array.of(0, -1),
      durationField: Int32Array.of(1, 2),
      attributeField: Int32Array.of(3, 4, 5, 6),
      paceFields: [],
      embeddings: [{ name: 'field' }, { name: 'segment' }],
      fields: 7,
    } as unknown as RowContext,
  };
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Rows of fields 1 and 5, 30 a segment, in low bins but for segments 6 to 8, where they are in high ones; 2 and 6 all over. */
function rows(): { count: number; fields: number[]; segments: number[]; classes: number[] } {
  const next = random(3);
  const list: number[][] = [];
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const slow = segment >= 6 && segment < 9;
    for (let i = 0; i < 30; i++) {
      for (const field of [1, 5]) {
        list.push([field, segment, Math.floor(next() * 8) + (slow ? 24 : 0)]);
        list.push([field + 1, segment, Math.floor(next() * BINS)]);
      }
      list.push([4, segment, 4]);
    }
  }
  const column = (c: number): number[] => list.map((row) => row[c] as number);
  return { count: list.length, fields: column(0), segments: column(1), classes: column(2) };
}

test('the logarithm is that of Math.log, from exact operations', () => {
  for (let x = 1e-9; x < 1e9; x *= 1.37) {
    expect(Math.abs(exactLog(x) - Math.log(x))).toBeLessThan(1e-11 * Math.max(1, Math.abs(Math.log(x))));
  }
});

describe('priors', () => {
  const model = content();
  const priors = learnPriors(model.content, model.context, rows(), 10);

  test('bases are learnt by table and number, groups say theirs by their masses', () => {
    expect(fieldBases(model.content, model.context)).toMatchObject({
      sizes: [BINS, BINS, 5, BINS, BINS],
      fields: [
        { base: 0 },
        { base: 1 },
        { base: 1 },
        { base: -1, masses: [90, 10, 0] },
        { base: 2 },
        { base: 3 },
        { base: 4 },
      ],
    });
    expect(priors.bases.map((base) => base.length)).toEqual([BINS, BINS, 5, BINS, BINS]);
    const number = priors.bases[2] as Int8Array;
    expect([number[0], number[4]]).toEqual([expect.any(Number), 0]);
    expect(number[0] as number).toBeLessThan(-10);
  });

  test('a stretch of time that differs is a regime, chance is none, and times have drifts instead', () => {
    const found = priors.regimes.filter((regime) => regime.field === 5);
    expect(found.some(({ from, to, codes }) => from === 6 && to === 9 && (codes[15] as number) > 0)).toBe(true);
    const noise = priors.regimes.filter(({ field, from, to }) => field === 6 && !(from === 0 && to === SEGMENTS));
    expect(noise).toEqual([]);
    expect(priors.regimes.filter(({ field }) => field < 3)).toEqual([]);
  });

  test('rows get the logits of their field and segment', () => {
    const table = new PriorTable(model.content, model.context, priors);
    const asked = {
      count: 4,
      indices: [Int32Array.of(5, 5, 3, 3), Int32Array.of(0, 7, 0, 7)],
    };
    const logits = new Int32Array(4 * PRIOR_CLASSES).fill(5);
    table.addTo(logits, PRIOR_CLASSES, asked);
    const at = (row: number, bin: number): number => (logits[row * PRIOR_CLASSES + bin] as number) - 5;
    expect(at(0, 2) - at(0, 30)).toBeGreaterThan(100);
    expect(at(1, 30) - at(1, 2)).toBeGreaterThan(50);
    // ln(90.1 / 10.1) in 1/64 nat
    expect([at(2, 0) - at(2, 1), at(3, 0) - at(3, 1)]).toEqual([140, 140]);
    expect(at(2, 1) - at(2, 2)).toBeGreaterThan(200);
  });

  test('bytes give them back; damage is told or harmless', () => {
    const writer = new ByteWriter();
    writePriors(writer, priors);
    const bytes = writer.finish();
    const read = (data: Uint8Array): Priors => readPriors(new ByteReader(data, 'priors'), model.content, model.context);
    expect(read(bytes)).toEqual(priors);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length))).toThrow(/MODEL_CORRUPT|section priors/);
    }
    const next = random(8);
    for (let round = 0; round < 2000; round++) {
      const damaged = Uint8Array.from(bytes);
      damaged[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      try {
        const table = new PriorTable(model.content, model.context, read(damaged));
        expect(table.logits.every((logit) => Math.abs(logit) < 10_000)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(GentError);
        expect((error as GentError).message).toMatch(/section priors/);
      }
    }
  });
});

describe('bases set right', () => {
  const model = content();
  const learnt = learnPriors(model.content, model.context, rows(), 10);
  const { fields } = fieldBases(model.content, model.context);
  const classes = PRIOR_CLASSES;
  /** Fields 1, 2 and 4 have bases, field 3 is a group; bin 3 of each was drawn half as often as it should be. */
  const wanted = new Float64Array(5 * classes);
  const drawn = new Float64Array(5 * classes);
  fields.forEach(({ classes: bins }, f) => {
    for (let bin = 0; bin < bins; bin++) {
      wanted[f * classes + bin] = 1000;
      drawn[f * classes + bin] = bin === 2 ? 500 : 1000;
    }
  });
  const corrected = correctedPriors(learnt, { fields, wanted, drawn, classes, settable: new Set([1, 3]) });
  const shareOf = (priors: Priors, field: number, bin: number): number => {
    const { logits } = new PriorTable(model.content, model.context, priors);
    const own = Array.from({ length: fields[field]?.classes ?? 0 }, (_, b) =>
      Math.exp((logits[field * classes + b] as number) / 64)
    );
    return (own[bin] as number) / own.reduce((sum, n) => sum + n, 0);
  };

  test('what was drawn too seldom has more weight, what is not to be set stays', () => {
    for (const field of [1, 2, 3]) {
      const ratio = shareOf(corrected, field, 2) / shareOf(learnt, field, 2);
      // fields 1 and 2 share a base; 0.8 of the logarithm is made good at once
      expect(ratio).toBeGreaterThan(1.2);
      expect(ratio).toBeLessThan(2);
    }
    expect(shareOf(corrected, 0, 2)).toBeCloseTo(shareOf(learnt, 0, 2));
    expect(shareOf(corrected, 4, 2)).toBeCloseTo(shareOf(learnt, 4, 2));
  });

  test('chance changes nothing', () => {
    const next = random(4);
    const near = wanted.map((n) => n + Math.floor(60 * (next() - 0.5)));
    expect(
      correctedPriors(learnt, { fields, wanted, drawn: near, classes, settable: new Set([1, 2, 3, 4]) }).bases
    ).toEqual(learnt.bases.map((codes) => codes.map((code) => 2 * code)));
  });

  test('a base that is off to one side is set right by what draws follow', () => {
    const base = { classes: fields[1]?.classes as number, slackBins: 0 };
    const slanted = wanted.map((n, at) => n * Math.exp(0.06 * ((at % classes) - base.classes / 2)));
    const bases = learnt.bases.map((codes, b) =>
      b === fields[1]?.base ? { ...base, classes: codes.length } : undefined
    );
    const added = (response: number): number => {
      const responses = learnt.bases.map(() => [response, response] as const);
      const evidence = { fields, wanted: slanted, drawn: wanted, classes, settable: new Set([1]), bases, responses };
      const { bases: set } = correctedPriors(learnt, evidence);
      const codes = set[fields[1]?.base as number] as Int8Array;
      const before = learnt.bases[fields[1]?.base as number] as Int8Array;
      const moved = codes.map((code, bin) => code - 2 * (before[bin] as number));
      return (moved[base.classes - 4] as number) - (moved[3] as number);
    };
    expect(added(1)).toBeGreaterThan(0);
    expect(added(0.5) / added(1)).toBeGreaterThan(1.5);
    expect(added(0.5) / added(1)).toBeLessThan(2.5);
  });

  test('few observations change little', () => {
    const few = wanted.map((n) => n / 1000);
    const none = new Float64Array(drawn.length);
    const { bases } = correctedPriors(learnt, { fields, wanted: few, drawn: none, classes, settable: new Set([1, 2]) });
    bases.forEach((codes, b) =>
      codes.forEach((code, bin) => expect(Math.abs(code - 2 * (learnt.bases[b]?.[bin] as number))).toBeLessThan(3))
    );
  });

  test('they are read as written', () => {
    const writer = new ByteWriter();
    writePriors(writer, corrected);
    expect(readPriors(new ByteReader(writer.finish(), 'priors'), model.content, model.context)).toEqual(corrected);
    expect(corrected.corrections.map((codes) => codes.length)).toEqual([3]);
  });
});
