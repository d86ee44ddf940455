/** @file Shapes, counts, tables, forms and values: what goes into sections comes out again. */
import fc from 'fast-check';
import { ByteReader, ByteWriter } from '../model';
import { KeyValueList, type AttributeValue, type Span, type Trace } from '../trace';
import { makeSpan, T0, traceId } from '../trace/test-spans';
import {
  BUCKET_PARTS,
  binOf,
  binsOf,
  decodeScale,
  encodeScale,
  expandPattern,
  flattenShape,
  learnContent,
  learnTable,
  learnTemplates,
  levelOf,
  orderBatch,
  readContent,
  readShapes,
  readTables,
  readValue,
  shapeSizes,
  TraceCollector,
  valueIn,
  valueKey,
  writeContent,
  writeForm,
  writeShapes,
  writeTables,
  writeValue,
  type BatchColumns,
} from '.';
import { coarsen } from './quantiser';

interface Node {
  parent: number;
  name: number;
  start: number;
  duration: number;
}

/** Random forests: a parent is an earlier span, none (−1), or a missing one (−2). */
const forest = fc
  .array(fc.record({ up: fc.nat(), name: fc.nat(3), start: fc.nat(20_000), duration: fc.nat(9000) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((items): Node[] => items.map(({ up, ...rest }, i) => ({ ...rest, parent: (up % (i + 2)) - (i === 0 ? 1 : 2) })));

const MISSING = 0xf00;

function traceOf(nodes: readonly Node[], t: number): Trace {
  const id = traceId(t + 1);
  const spans = nodes.map((node, i): Span => {
    const start = T0 + BigInt(t) * 3_000_000_000n + BigInt(node.start) * 1_000_000n;
    return makeSpan(i + 1, node.parent === -1 ? 0 : node.parent < 0 ? MISSING : node.parent + 1, {
      traceId: id,
      name: `n${node.name}`,
      startTimeUnixNano: start,
      endTimeUnixNano: start + BigInt(node.duration) * 1_000_000n,
    });
  });
  return { traceId: id, spans };
}

function collect(forests: readonly Node[][]): BatchColumns {
  const collector = new TraceCollector();
  forests.forEach((nodes, t) => collector.add(traceOf(nodes, t)));
  return collector.finish();
}

describe('shapes', () => {
  test('each trace is laid out again from the grammar: same nodes, same parents', () => {
    fc.assert(
      fc.property(fc.array(forest, { minLength: 1, maxLength: 8 }), (forests) => {
        const batch = collect(forests);
        const ordered = orderBatch(batch);
        const writer = new ByteWriter();
        writeShapes(writer, ordered.grammar);
        const grammar = readShapes(new ByteReader(writer.finish(), 'shapes'), batch.dictionary.nodes.length);
        expect(grammar).toEqual(ordered.grammar);
        const sizes = shapeSizes(grammar);
        forests.forEach((nodes, t) => {
          const shape = ordered.shape[t] as number;
          const flat = flattenShape(grammar, shape, sizes[shape] as number);
          const from = batch.spanOffset[t] as number;
          const order = Array.from(ordered.order.subarray(from, from + nodes.length), (i) => i - from);
          expect([...order].sort((a, b) => a - b)).toEqual(nodes.map((_, i) => i));
          expect(flat.size).toBe(nodes.length);
          order.forEach((old, i) => {
            expect(flat.node[i]).toBe(batch.node[from + old]);
            const parent = batch.parent[from + old] as number;
            expect(flat.parent[i]).toBe(parent < 0 ? parent : order.indexOf(parent));
            for (const before of [flat.previous[i] as number, flat.parent[i] as number]) {
              expect(before < i).toBe(true);
              expect(before < 0 || (flat.wave[before] as number) < (flat.wave[i] as number)).toBe(true);
            }
          });
        });
      }),
      { seed: 4, numRuns: 150 }
    );
  });

  test('a grammar that unfolds without bound is refused', () => {
    const subtrees = Array.from({ length: 40 }, (_, i) => ({
      node: 0,
      children: i === 0 ? [] : [{ subtree: i - 1, times: 2 }],
    }));
    const writer = new ByteWriter();
    writeShapes(writer, { nodes: 1, subtrees, shapes: [[{ subtree: 39 * 2, times: 1 }]] });
    expect(() => readShapes(new ByteReader(writer.finish(), 'shapes'), 1)).toThrow(
      /section shapes: a shape of more than/
    );
  });
});

describe('content', () => {
  test('is read back as it was written, and counts give every span its bucket', () => {
    fc.assert(
      fc.property(fc.array(forest, { minLength: 1, maxLength: 8 }), (forests) => {
        const batch = collect(forests);
        const { content } = learnContent(batch, { k: 2, maxBins: 64 });
        const sections = writeContent(content, false);
        const again = readContent((name) => sections[name]);
        expect(writeContent(again, false)).toEqual(sections);
        const spans = new Map<number, number>();
        content.counts.bucket.forEach((bucket, row) => {
          const size = content.layouts[content.counts.shape[row] as number]?.size as number;
          const shifts = expandPattern(content.counts.patterns[content.counts.pattern[row] as number] ?? [], size);
          for (let i = 0; i < size; i++) {
            const at = bucket + (shifts === undefined ? 0 : (shifts[i] as number));
            spans.set(at, (spans.get(at) ?? 0) + (content.counts.count[row] as number));
          }
        });
        const real = new Map<number, number>();
        batch.second.forEach((second) => {
          const at = Math.floor(second / content.counts.bucketSeconds);
          real.set(at, (real.get(at) ?? 0) + 1);
        });
        expect(Object.fromEntries(spans)).toEqual(Object.fromEntries(real));
        const { bucket, pattern, count, parts } = again.counts;
        const plain = count.reduce((sum, n, row) => sum + (pattern[row] === 0 ? n : 0), 0);
        expect(parts?.reduce((sum, n) => sum + n, 0)).toBe(plain);
        expect(parts?.length).toBe(new Set(bucket).size * BUCKET_PARTS);
      }),
      { seed: 5, numRuns: 100 }
    );
  });

  test('damaged sections give an error that names them, never anything else', () => {
    const forests = fc.sample(forest, { seed: 6, numRuns: 20 });
    const sections = writeContent(learnContent(collect(forests), { k: 2, maxBins: 64 }).content, true);
    const names = Object.keys(sections) as Array<keyof typeof sections>;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.nat(255), fc.boolean(), (name, position, value, cut) => {
        const data = Uint8Array.from(sections[name]);
        const at = position % data.length;
        data[at] = (data[at] as number) ^ value;
        const damaged = { ...sections, [name]: cut ? data.subarray(0, at) : data };
        try {
          readContent((section) => damaged[section]);
        } catch (error) {
          expect(String(error)).toMatch(/section (dictionary|shapes|counts|quantisers): /);
        }
      }),
      { seed: 7, numRuns: 3000 }
    );
  });
});

describe('quantile tables', () => {
  test('the scale is monotone and inverts on its points', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -500_000, max: 500_000 }),
        fc.double({ min: -1e18, max: 1e18, noNaN: true }),
        (code, x) => {
          expect(encodeScale(decodeScale(code))).toBe(code);
          expect(decodeScale(code)).toBeLessThan(decodeScale(code + 1));
          expect(decodeScale(encodeScale(x))).toBeLessThanOrEqual(x);
          expect(Math.abs(decodeScale(encodeScale(x)) - x)).toBeLessThanOrEqual(Math.max(1, Math.abs(x) / 500));
        }
      ),
      { seed: 8, numRuns: 1000 }
    );
  });

  test('every value has a bin; values of a bin lie in it; tables are read back', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -5000, max: 10 ** 9 }), fc.constant(0), fc.constant(7000)), {
      minLength: 1,
      maxLength: 400,
    });
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 1, max: 64 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (list, most, u) => {
          const table = learnTable(Float64Array.from(list), most);
          expect(binsOf(table)).toBeLessThanOrEqual(most);
          const writer = new ByteWriter();
          writeTables(writer, [table], false);
          const again = readTables(new ByteReader(writer.finish(), 'test'))[0];
          expect(again?.edges).toEqual(table.edges);
          for (const value of list) {
            const bin = binOf(table, value);
            expect(value >= (table.edges[bin] as number) || bin === 0).toBe(true);
            expect(value < (table.edges[bin + 1] as number)).toBe(true);
            const drawn = valueIn(table, bin, u);
            expect(drawn % table.unit === 0).toBe(true);
            expect(binOf(table, drawn)).toBe(bin);
            const level = levelOf(table, value);
            expect(level >= 0 && level <= 255).toBe(true);
          }
        }
      ),
      { seed: 9, numRuns: 200 }
    );
  });

  test('edges move by a sixteenth of a bin at most and a quarter of the one behind it, and rise as before', () => {
    const widths = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })), {
      minLength: 1,
      maxLength: 64,
    });
    fc.assert(
      fc.property(fc.integer({ min: -5000, max: 5000 }), widths, (first, list) => {
        const before = list.reduce((edges, width) => [...edges, (edges[edges.length - 1] as number) + width], [first]);
        const edges = [...before];
        coarsen(edges);
        edges.slice(1).forEach((edge, i) => {
          const old = before[i + 1] as number;
          expect(edge).toBeGreaterThan(edges[i] as number);
          if (i + 2 < edges.length) {
            expect(Math.abs(edge - old)).toBeLessThanOrEqual((old - (edges[i] as number)) / 16);
            expect(Math.abs(edge - old)).toBeLessThanOrEqual(((before[i + 2] as number) - old) / 4);
          }
        });
        expect(edges[0]).toBe(first);
        expect(edges.at(-1)).toBeGreaterThanOrEqual(before.at(-1) as number);
      }),
      { seed: 10, numRuns: 500 }
    );
  });

  test('bins take a byte each, and a value that many share keeps its own', () => {
    let state = 4;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    const values = Float64Array.from({ length: 6000 }, (_, i) => (i % 3 === 0 ? 50_021 : 40_000 + 30_000 * random()));
    const table = learnTable(values.map((value) => Math.floor(value) * 1000));
    const own = binOf(table, 50_021_000);
    expect([...table.codes.subarray(own, own + 2)]).toEqual([encodeScale(50_021), encodeScale(50_021) + 1]);
    const writer = new ByteWriter();
    writeTables(writer, [table], false);
    // A byte a bin, but for the one before a bin that must not move.
    expect(writer.finish().length).toBeLessThan(binsOf(table) + 12);
  });

  test.each([
    // 2^32, which would come back as 0 in 32 bits
    ['a bin is too wide', [1, 2, 2, 0, 0, 240]],
    ['an edge is out of range', [1, 2, 2, 1, 0, 143, 143]],
    ['unknown kind of tables', [1, 9, 2, 0, 0, 3]],
  ])('refused: %s', (why, bytes) => {
    expect(() => readTables(new ByteReader(Uint8Array.from(bytes), 'quantisers'))).toThrow(why);
  });
});

describe('values', () => {
  const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double(),
      fc.uint8Array({ maxLength: 5 }),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.record({ key: fc.string(), value: tie('value') }), { maxLength: 3 })
        .map((entries) => new KeyValueList(entries))
    ),
  })).value;

  test('of every kind are read back', () => {
    fc.assert(
      fc.property(value, (item) => {
        const writer = new ByteWriter();
        writeValue(writer, item);
        expect(readValue(new ByteReader(writer.finish(), 'test'))).toEqual(item);
      }),
      { seed: 10, numRuns: 500 }
    );
  });

  test.each<[AttributeValue, AttributeValue]>([
    ['1', 1n],
    [1, 1n],
    ['t', true],
    [null, 'n'],
    [0, -0],
    [['a', 'b'], ['a,b']],
  ])('%p and %p are different', (a, b) => {
    expect(valueKey(a)).not.toBe(valueKey(b));
  });
});

describe('forms', () => {
  const cases: Array<[string, string[], RegExp]> = [
    ['a path with an id', ['/user/1', '/user/22', '/user/333'], /^\/user\/\d{1,3}$/],
    ['a hash', ['3fa94c21d0', '00c0ffee11', 'deadbeef99'], /^[0-9a-f]{10}$/],
    [
      'a UUID',
      [
        '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
        '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
        '00000000-1111-2222-3333-444444444444',
      ],
      /^[0-9a-f]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-f]{12}$/,
    ],
    ['an escaped pair', ['/r?at=1%2C20', '/r?at=33%2C4', '/r?at=5%2C666'], /^\/r\?at=\d+%2C\d+$/],
    ['an address', ['10.0.0.1:80', '10.12.0.200:8080', '192.168.1.77:443'], /^\d+\.\d+\.\d+\.\d+:\d+$/],
  ];
  test.each(cases)('%s', (_, texts, form) => {
    const { templates } = learnTemplates(
      texts.map((text, trace) => ({ value: text, trace })),
      3
    );
    let state = 1;
    const random = (below: number): number => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below);
    for (let n = 0; n < 50; n++) {
      expect(writeForm(templates, random)).toMatch(form);
    }
  });

  test('words of fewer than k traces are not kept, whatever they look like', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 4 }), { minLength: 1, maxLength: 4 }), (texts) => {
        const { templates } = learnTemplates(
          texts.map((value, trace) => ({ value, trace })),
          5
        );
        const kept = templates
          .flatMap((template) => template.parts)
          .map((part) => part.text)
          .join('');
        expect(kept.replace(/%[2-7][0-9A-Fa-f]/g, '')).not.toMatch(/[\p{L}\p{N}]/u);
      }),
      { seed: 11, numRuns: 500 }
    );
  });
});
