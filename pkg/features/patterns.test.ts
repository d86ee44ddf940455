/** @file Forms: what rare values are written as keeps type, structure and the rules of what it is, and no rare text. */
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from '../model';
import { KeyValueList, type AttributeValue } from '../trace';
import { learnTemplates, readTemplates, writeForm, writeTemplates } from '.';

const FORMAT = 1;

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below);
}

/** Some values in the forms that are learnt from these, each seen in a trace of its own. */
function written(values: readonly AttributeValue[], k: number, count = 60): AttributeValue[] {
  const { templates } = learnTemplates(
    values.map((value, trace) => ({ value, trace })),
    k
  );
  const random = randomFrom(7);
  return Array.from({ length: count }, () => writeForm(templates, random));
}

const numbered = (count: number, make: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => make(n));
const hex = (n: number, digits: number): string => ((n * 2654435761) % 16 ** digits).toString(16).padStart(digits, '0');

describe('what is written is valid', () => {
  const cases: Array<[string, string[], (text: string) => boolean]> = [
    ['IPv4', numbered(20, (n) => `${200 + n}.${n * 9}.${250 - n}.${n * 12}`), isIPv4],
    ['IPv4 of few traces', ['8.8.4.4'], isIPv4],
    [
      'IPv4 with its prefix',
      numbered(20, (n) => `10.42.${n}.${n * 12}`),
      (text) => isIPv4(text) && text.startsWith('10.42.'),
    ],
    ['IPv6', numbered(20, (n) => `2001:db8:0:1:${hex(n + 1, 4)}:ff:fe${n % 10}3:${n + 1}`), isIPv6],
    ['IPv6, shortened', numbered(20, (n) => `fe80::${hex(n + 1, 4)}:${n + 1}`), isIPv6],
    [
      'UUID, version 4',
      numbered(20, (n) => `${hex(n, 8)}-${hex(n, 4)}-4${hex(n, 3)}-a${hex(n, 3)}-${hex(n, 8)}0123`),
      (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text),
    ],
    [
      'UUID, version 7',
      ['01890a5d-ac96-774b-bcce-b302099a8057'],
      (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text),
    ],
    ['ULID', ['01ARZ3NDEKTSV4RRFFQ69G5FAV'], (text) => /^0[0-9A-HJKMNP-TV-Z]{25}$/.test(text)],
    [
      'date and time',
      numbered(20, (n) => `2024-0${1 + (n % 9)}-1${n % 9}T0${n % 9}:1${n % 9}:5${n % 9}.${100 + n}Z`),
      (text) => !Number.isNaN(Date.parse(text)) && text.startsWith('2024-'),
    ],
    [
      'date',
      numbered(20, (n) => `2023-1${n % 3}-2${n % 9}`),
      (text) => !Number.isNaN(Date.parse(text)) && text.length === 10,
    ],
    [
      'port',
      numbered(40, (n) => `host:${32_768 + n * 650}`),
      (text) => /^host:\d+$/.test(text) && Number(text.slice(5)) < 60_000,
    ],
    ['version', numbered(20, (n) => `v1.${10 + n}.${n % 7}`), (text) => /^v1\.\d{1,2}\.\d$/.test(text)],
    ['duration', numbered(20, (n) => `${10 + n}.${100 + n}ms`), (text) => /^\d{2}\.\d{3}ms$/.test(text)],
    [
      'pod',
      numbered(20, (n) => `cart-79cf4b77d4-${'bcdfg'.charAt(n % 5)}x2${'klmnp'.charAt(n % 5)}z`),
      (text) => /^cart-79cf4b77d4-[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(text),
    ],
    ['mail', numbered(20, (n) => `user${n}@example.com`), (text) => /^user\d+@example\.com$/.test(text)],
    [
      'URL with a query',
      numbered(20, (n) => `https://shop.example/items/${n * 31}?page=${n}&sort=price`),
      (text) => new URL(text).searchParams.get('sort') === 'price' && /^\/items\/\d+$/.test(new URL(text).pathname),
    ],
    [
      'padded number',
      numbered(20, (n) => `batch-${String(n * 37).padStart(6, '0')}`),
      (text) => /^batch-\d{6}$/.test(text),
    ],
    [
      'statement',
      numbered(20, (n) => `select * from t where id = ${n}`),
      (text) => /^select \* from t where id = \d+$/.test(text),
    ],
  ];
  test.each(cases)('%s', (_, texts, valid) => {
    for (const value of written(texts, 5)) {
      expect([value, valid(String(value))]).toEqual([value, true]);
    }
  });

  test('words of few traces in running text are placeholders that say so; words of many stay', () => {
    const texts = numbered(
      12,
      (n) => `payment of ${'abcdefghijkl'.charAt(n).repeat(9)} was declined after ${n * 17} ms`
    );
    for (const value of written(texts, 5)) {
      expect(value).toMatch(/^payment of \{word\} was declined after \d+ ms$/);
    }
    for (const value of written(['the quick brown fox'], 5)) {
      expect(value).toBe('{word}');
    }
  });

  test('bounds of numbers are not numbers that were seen', () => {
    const { templates } = learnTemplates(
      numbered(30, (n) => `order ${123_457 + n * 1009}`).map((value, trace) => ({ value, trace })),
      5
    );
    const bounds = templates.flatMap(({ parts }) =>
      parts.filter(({ max }) => max > 0).flatMap(({ min, max }) => [min, max])
    );
    expect(bounds).toEqual([120_000, 160_000]);
  });
});

const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ maxLength: 20 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.string({ maxLength: 5 }), tie('value')), { maxLength: 4 })
      .map((entries) => new KeyValueList(entries.map(([key, item]) => ({ key, value: item }))))
  ),
})).value;

/** Types all the way down, lengths of arrays, maps and bytes, and keys. */
function structure(item: AttributeValue, keys: boolean): unknown {
  if (item instanceof Uint8Array) {
    return ['bytes', item.length];
  }
  if (item instanceof KeyValueList) {
    return ['map', item.entries.map((entry) => [keys ? entry.key : '', structure(entry.value, keys)])];
  }
  return Array.isArray(item)
    ? ['array', (item as readonly AttributeValue[]).map((one) => structure(one, keys))]
    : item === null
      ? 'null'
      : typeof item;
}

describe('values of every kind', () => {
  test('keep type and structure in their form; keys only where enough traces have them', () => {
    fc.assert(
      fc.property(value, fc.boolean(), (item, shared) => {
        const copies = shared ? Array.from({ length: 5 }, () => item) : [item];
        for (const other of written(copies, 5, 3)) {
          expect(structure(other, shared)).toEqual(structure(item, shared));
        }
      }),
      { seed: 21, numRuns: 600 }
    );
  });

  test('forms are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (values, k) => {
        const { templates } = learnTemplates(
          values.map((item, trace) => ({ value: item, trace })),
          k
        );
        const writer = new ByteWriter();
        writeTemplates(writer, templates);
        const reader = new ByteReader(writer.finish(), 'forms');
        const again = readTemplates(reader, FORMAT);
        reader.end();
        const both = [templates, again].map((list) => {
          const random = randomFrom(3);
          return Array.from({ length: 5 }, () => writeForm(list, random));
        });
        expect(both[1]).toEqual(both[0]);
      }),
      { seed: 22, numRuns: 400 }
    );
  });

  test('a form that nests without end is refused', () => {
    const writer = new ByteWriter();
    writer.varint(1);
    writer.varint(1);
    for (let depth = 0; depth < 50; depth++) {
      writer.byte(6);
      writer.varint(1);
    }
    expect(() => readTemplates(new ByteReader(writer.finish(), 'forms'), FORMAT)).toThrow(/section forms: /);
  });

  test('doubles keep their decimals', () => {
    expect(
      written([0.25, 1.75, 33.5, 9.25, 2.75], 5).every((item) => Number((item as number).toFixed(2)) === item)
    ).toBe(true);
    expect(written([200, 503, 404], 5).every((item) => Number.isInteger(item))).toBe(true);
  });
});
