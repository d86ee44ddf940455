/** @file The container, its codecs, and what happens to damaged files. */
import fc from 'fast-check';
import { GentError, setLimit } from '../common';
import {
  type AnswerErrors,
  ByteReader,
  ByteWriter,
  Codec,
  Container,
  packSection,
  readModelFile,
  SECTIONS,
  writeContainer,
  writeModelFile,
  type ManifestInput,
  type SectionName,
} from '.';

const INPUT: ManifestInput = {
  window: { start: '1', end: '2' },
  counts: { traces: 1, spans: 1, errors: 0, shapes: 1, services: 1, operations: 1, exemplars: 0, bucketSeconds: 5 },
  services: ['a'],
  operations: [{ service: 'a', name: 'b', kind: 2, spans: 1, errors: 0, p50: 1, p99: 2 }],
  attributes: { span: [], resource: ['service.name'], event: [] },
  privacyK: 5,
  training: { seed: 1, epochs: 0, rows: 0, parameters: 0 },
};

function sections(): Record<SectionName, Uint8Array> {
  const entries = SECTIONS.map((name, i) => [name, new TextEncoder().encode(`${name} `.repeat(20 * i + 1))] as const);
  return Object.fromEntries(entries) as Record<SectionName, Uint8Array>;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof GentError) {
      return `${error.code} ${error.message}`;
    }
    throw error;
  }
  return 'no error';
}

describe('numbers and strings', () => {
  test('what is written is read back', () => {
    const item = fc.oneof(
      fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
      fc.record({ kind: fc.constant('zigzag' as const), value: fc.integer({ min: -(2 ** 51), max: 2 ** 51 }) }),
      fc.record({ kind: fc.constant('int64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
      fc.record({ kind: fc.constant('float64' as const), value: fc.double() }),
      fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) })
    );
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const writer = new ByteWriter();
        for (const { kind, value } of items) {
          (writer[kind] as (value: unknown) => void)(value);
        }
        const reader = new ByteReader(writer.finish(), 'test');
        for (const { kind, value } of items) {
          expect(reader[kind]()).toEqual(value);
        }
        reader.end();
      }),
      { seed: 1, numRuns: 300 }
    );
  });

  test('columns are read back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.nat()), fc.array(fc.string()), (deltas, varints, strings) => {
        const writer = new ByteWriter();
        writer.deltas(deltas);
        writer.varints(varints);
        writer.strings(strings);
        const reader = new ByteReader(writer.finish(), 'test');
        expect([Array.from(reader.deltas()), Array.from(reader.varints()), reader.strings()]).toEqual([
          deltas,
          varints,
          strings,
        ]);
      }),
      { seed: 2, numRuns: 200 }
    );
  });

  test.each([
    ['an end too soon', [], (reader: ByteReader) => reader.byte()],
    ['a number without an end', new Array<number>(12).fill(0xff), (reader: ByteReader) => reader.varint()],
    ['a count of elements that are not there', [0xff, 0xff, 0x7f], (reader: ByteReader) => reader.varints()],
    ['a string that is not UTF-8', [2, 0xc3, 0x28], (reader: ByteReader) => reader.string()],
    ['a number out of range', [200, 1], (reader: ByteReader) => reader.varint(100)],
    ['bytes left over', [1], (reader: ByteReader) => reader.end()],
  ])('%s is an error that names the section', (_, bytes, read) => {
    expect(codeOf(() => read(new ByteReader(Uint8Array.from(bytes), 'counts')))).toMatch(
      /^MODEL_CORRUPT section counts: /
    );
  });
});

describe('files', () => {
  const { bytes, manifest } = writeModelFile(sections(), INPUT);

  test('are read back, and equal content gives equal bytes and id', () => {
    const file = readModelFile(bytes);
    expect(file.manifest).toEqual(manifest);
    for (const name of SECTIONS) {
      expect(Buffer.from(file.section(name))).toEqual(Buffer.from(sections()[name]));
    }
    expect(Buffer.from(writeModelFile(sections(), INPUT).bytes)).toEqual(Buffer.from(bytes));
    const other = { ...sections(), counts: Uint8Array.of(1, 2, 3) };
    expect(writeModelFile(other, INPUT).manifest.id).not.toBe(manifest.id);
  });

  test('cut anywhere, are refused with the name of a section', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => readModelFile(bytes.subarray(0, length)))).toMatch(
        /^MODEL_(CORRUPT|NOT_GENT) section [a-z]+: /
      );
    }
  });

  test('with any bit flipped, are refused with the name of a section', () => {
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      expect(codeOf(() => readModelFile(damaged))).toMatch(/^MODEL_(CORRUPT|NOT_GENT|VERSION) section [a-z]+: /);
    }
  });

  test('damage in a section names that section', () => {
    const container = Container.read(bytes);
    let at = bytes.length;
    for (const section of [...container.sections].reverse()) {
      at -= section.storedBytes;
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x55;
      expect(codeOf(() => readModelFile(damaged))).toBe(
        `MODEL_CORRUPT section ${section.name}: its bytes do not match their SHA-256`
      );
    }
  });

  test('with bytes after the end, or of random bytes, are refused', () => {
    expect(codeOf(() => readModelFile(Buffer.concat([bytes, Buffer.from([0])])))).toMatch(
      /MODEL_CORRUPT section table/
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        expect(codeOf(() => readModelFile(random))).toMatch(/^MODEL_/);
        expect(codeOf(() => readModelFile(Buffer.concat([bytes.subarray(0, 12), random])))).toMatch(/^MODEL_/);
      }),
      { seed: 3, numRuns: 500 }
    );
  });

  test('that claim to inflate to more than they can, or more than is allowed, are refused before inflating', () => {
    const packed = packSection({ name: 'manifest', data: new Uint8Array(100_000) });
    expect(packed.codec).toBe(Codec.Gzip);
    const bomb = (rawBytes: number): string =>
      codeOf(() => Container.read(writeContainer([{ ...packed, rawBytes }])).section('manifest'));
    expect(bomb(100_000)).toBe('no error');
    expect(bomb(99_999)).toMatch(/MODEL_CORRUPT section manifest: it does not inflate/);
    expect(bomb(0xffffffff)).toMatch(/MODEL_TOO_LARGE section manifest/);
    expect(bomb(500_000_000)).toMatch(/MODEL_CORRUPT section manifest: \d+ bytes cannot hold/);
    const mixed = packSection({ name: 'counts', data: new Uint8Array(100_000) });
    expect(mixed.codec).toBe(Codec.Mixed);
    const long = (rawBytes: number): string =>
      codeOf(() => Container.read(writeContainer([{ ...mixed, rawBytes }])).section('counts'));
    expect(long(100_000)).toBe('no error');
    expect(long(1024 * 1024 + 1)).toMatch(/^MODEL_TOO_LARGE section counts/);
    setLimit('MODEL_FILE_BYTES', 50);
    try {
      expect(codeOf(() => readModelFile(bytes))).toMatch(/^MODEL_TOO_LARGE section table/);
    } finally {
      setLimit('MODEL_FILE_BYTES', undefined);
    }
  });

  test('errors of answers are kept where they were measured, and are numbers that make sense', () => {
    expect(readModelFile(bytes).manifest).not.toHaveProperty('answerErrors');
    const answerErrors: AnswerErrors = { count: [2, 0], mean: [1.5, 0.01], quantile: [1, 0.002], tail: [3, 0] };
    const written = writeModelFile(sections(), { ...INPUT, answerErrors });
    expect(readModelFile(written.bytes).manifest.answerErrors).toEqual(answerErrors);
    expect(written.manifest.id).toBe(manifest.id);
    for (const count of [[-1, 0], [1], [1, 1e9], ['1', 0], undefined]) {
      const broken = { ...INPUT, answerErrors: { ...answerErrors, count } as unknown as AnswerErrors };
      expect(codeOf(() => readModelFile(writeModelFile(sections(), broken).bytes))).toBe(
        'MODEL_CORRUPT section manifest: bad answerErrors'
      );
    }
  });

  test('without a section, or whose manifest lies, are refused', () => {
    const packed = SECTIONS.map((name) => packSection({ name, data: sections()[name] }));
    const withManifest = (text: string, rest = packed): Uint8Array =>
      writeContainer([packSection({ name: 'manifest', data: new TextEncoder().encode(text) }), ...rest]);
    expect(codeOf(() => readModelFile(withManifest(JSON.stringify(manifest), packed.slice(1))))).toMatch(
      /MODEL_CORRUPT section (dictionary: it is missing|manifest: id)/
    );
    expect(codeOf(() => readModelFile(withManifest('{')))).toBe('MODEL_CORRUPT section manifest: it is not JSON');
    for (const key of Object.keys(manifest)) {
      if (key !== 'generator' && key !== 'format') {
        const broken = { ...manifest, [key]: 'x' };
        expect(codeOf(() => readModelFile(withManifest(JSON.stringify(broken))))).toMatch(
          /MODEL_CORRUPT section manifest: /
        );
      }
    }
  });
});
