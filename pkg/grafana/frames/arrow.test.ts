import fc from 'fast-check';
import { decodeFrame } from '../../../tests/plugin/decode-frame';
import { encodeFrame } from './arrow';
import type { Field } from './frame';

const cells: { [K in Field['type']]: fc.Arbitrary<unknown> } = {
  string: fc.string({ unit: 'grapheme' }),
  number: fc.double(),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  boolean: fc.boolean(),
  time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  json: fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
};

const ARROW_TYPES: Record<Field['type'], string> = {
  string: 'Utf8',
  number: 'Float64',
  int32: 'Int32',
  int64: 'Int64',
  boolean: 'Bool',
  time: 'Timestamp<NANOSECOND>',
  json: 'Binary',
};

const frames = fc.integer({ min: 0, max: 40 }).chain((rows) =>
  fc.array(
    fc.constantFrom(...(Object.keys(cells) as Array<Field['type']>)).chain((type) =>
      // A JSON null is a document of its own, which a null cell is not.
      fc
        .array(fc.option(cells[type].filter((value) => value !== null)), { minLength: rows, maxLength: rows })
        .map((values) => ({ name: `${type} column`, type, values }) as Field)
    ),
    { minLength: 1, maxLength: 7 }
  )
);

test('every column type keeps its values, its nulls and its Arrow type', () => {
  fc.assert(
    fc.property(frames, (fields) => {
      const decoded = decodeFrame(encodeFrame({ name: 'frame', refId: 'A', fields }));
      expect(decoded.fields.map((field) => field.arrow)).toEqual(fields.map((field) => ARROW_TYPES[field.type]));
      expect(decoded.fields.map((field) => field.values)).toEqual(fields.map((field) => field.values));
    }),
    { seed: 1, numRuns: 200 }
  );
});

test('labels, configuration and metadata travel with the frame', () => {
  const decoded = decodeFrame(
    encodeFrame({
      name: 'series',
      refId: 'B',
      fields: [{ name: 'v', type: 'number', values: [1], labels: { a: 'b' }, config: { unit: 's' } }],
      meta: { type: 'timeseries-multi', typeVersion: [0, 1], notices: [{ severity: 'info', text: 'hello' }] },
    })
  );
  expect(decoded).toMatchObject({
    name: 'series',
    refId: 'B',
    meta: { type: 'timeseries-multi', typeVersion: [0, 1], notices: [{ severity: 'info', text: 'hello' }] },
    fields: [{ labels: { a: 'b' }, config: { unit: 's' } }],
  });
});

test('a frame without columns, and one without rows, are still frames', () => {
  expect(decodeFrame(encodeFrame({ name: 'none', fields: [] }))).toMatchObject({ rows: 0, fields: [] });
  const empty = decodeFrame(encodeFrame({ name: 'empty', fields: [{ name: 's', type: 'string', values: [] }] }));
  expect(empty).toMatchObject({ rows: 0, fields: [{ name: 's', arrow: 'Utf8' }] });
});

test('columns of one name stay apart', () => {
  const fields: Field[] = [
    { name: 'name', type: 'string', values: ['span'] },
    { name: 'name', type: 'number', values: [5] },
    { name: 'name 2', type: 'boolean', values: [true] },
  ];
  const decoded = decodeFrame(encodeFrame({ name: 'twins', fields }));
  expect(decoded.fields.map((field) => [field.name, field.values[0]])).toEqual([
    ['name', 'span'],
    ['name 2', 5],
    ['name 2 2', true],
  ]);
});

test('columns of different lengths are refused', () => {
  const fields: Field[] = [
    { name: 'a', type: 'string', values: ['x'] },
    { name: 'b', type: 'number', values: [] },
  ];
  expect(() => encodeFrame({ name: 'odd', fields })).toThrow('b has 0 rows, not 1');
});
