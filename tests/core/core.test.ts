/** @file The main job end to end: traces in, a model out, traces back; exact counts, same id same bytes, bad batches. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../pkg/common';
import { openModel, type OpenedModel } from '../../pkg/generate';
import { attributeValue, KeyValueList, readAllTraces, type KeyValue, type Trace } from '../../pkg/trace';
import { trainModel, type TrainOptions } from '../../pkg/train';
import { asText, attributes, bigTrace, countsOf, EPOCH, shapeOf, shopTraces, spanOf } from './batches';

async function trainAndOpen(
  traces: readonly Trace[],
  options: TrainOptions = {}
): Promise<{ bytes: Uint8Array; model: OpenedModel }> {
  const { bytes } = await trainModel(traces, { epochs: 2, exemplarBytes: 0, ...options });
  return { bytes, model: await openModel(bytes) };
}

function everything(model: OpenedModel): Promise<Trace[]> {
  return model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
}

function expectExact(real: readonly Trace[], generated: readonly Trace[], bucketSeconds: number): void {
  for (const seconds of [bucketSeconds, 60]) {
    expect(Object.fromEntries(countsOf(generated, seconds))).toEqual(Object.fromEntries(countsOf(real, seconds)));
  }
  const shapes = new Set(real.map(shapeOf));
  expect(generated.filter((trace) => !shapes.has(shapeOf(trace)))).toHaveLength(0);
  const ids = generated.flatMap((trace) => trace.spans.map((span) => `${trace.traceId}${span.spanId}`));
  expect(new Set(ids).size).toBe(ids.length);
  const starts = (traces: readonly Trace[]): bigint[] =>
    traces.flatMap((trace) => trace.spans.map((span) => span.startTimeUnixNano));
  const least = (list: bigint[]): bigint => list.reduce((a, b) => (a < b ? a : b));
  const most = (list: bigint[]): bigint => list.reduce((a, b) => (a > b ? a : b));
  expect(least(starts(generated))).toBeGreaterThanOrEqual(least(starts(real)));
  expect(most(starts(generated))).toBeLessThanOrEqual(most(starts(real)));
}

describe('a shop', () => {
  const real = shopTraces(400);
  let bytes: Uint8Array;
  let model: OpenedModel;
  let generated: Trace[];

  beforeAll(async () => {
    ({ bytes, model } = await trainAndOpen(real, { epochs: 8 }));
    generated = await everything(model);
  });
  afterAll(() => model.close());

  test('spans and errors by operation and minute, shapes and bounds are those of the batch', () => {
    expect(model.traceCount).toBe(real.length);
    expectExact(real, generated, model.spanCounts.bucketSeconds);
  });

  test('counts by class agree with what is generated', () => {
    const { spanCounts, classes } = model;
    const width = BigInt(spanCounts.bucketSeconds) * 1_000_000_000n;
    const seen = new Map<string, number>();
    generated.forEach((trace, i) => {
      const ofShape = model.shapeClasses(model.shapeOf(i));
      trace.spans.forEach((span, s) => {
        const spanClass = classes[ofShape[s] as number];
        expect([spanClass?.name, spanClass?.kind, spanClass?.statusCode, spanClass?.isRoot]).toEqual([
          span.name,
          span.kind,
          span.statusCode,
          span.parentSpanId === '',
        ]);
        for (const constant of spanClass?.spanConstants ?? []) {
          expect(attributeValue(span.attributes, constant.key)).toEqual(constant.value);
        }
        for (const { key } of span.attributes) {
          expect(
            spanClass?.spanVariables.has(key) || spanClass?.spanConstants.some((constant) => constant.key === key)
          ).toBe(true);
        }
        const key = `${ofShape[s]}|${span.startTimeUnixNano / width}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      });
    });
    const stated = new Map<string, number>();
    classes.forEach(({ id }) => {
      for (let c = spanCounts.offsets[id] as number; c < (spanCounts.offsets[id + 1] as number); c++) {
        stated.set(`${id}|${spanCounts.buckets[c]}`, spanCounts.counts[c] as number);
      }
    });
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(stated));
  });

  test('traces lie within their stated bounds, in order of their buckets', () => {
    generated.forEach((trace, i) => {
      const { start, end } = model.boundsOf(i);
      for (const span of trace.spans) {
        expect(span.startTimeUnixNano >= start && span.endTimeUnixNano <= end).toBe(true);
      }
      expect(model.firstIndexAt(trace.spans[0]?.startTimeUnixNano as bigint)).toBeLessThanOrEqual(i);
    });
  });

  test('a trace id leads back to its trace, and no other id does', () => {
    generated.forEach((trace, i) => expect(model.indexOf(trace.traceId)).toBe(i));
    const id = model.traceId(5);
    for (let digit = 0; digit < 32; digit++) {
      const other = id.slice(0, digit) + (id[digit] === '0' ? '1' : '0') + id.slice(digit + 1);
      expect(model.indexOf(other)).toBeUndefined();
    }
  });

  test('a trace is the same alone, in bulk and in another order', async () => {
    const picks = [0, 17, 3, 399, 255, 3];
    const together = await model.generate(picks);
    for (const [n, i] of picks.entries()) {
      const [alone] = await model.generate([i]);
      expect(asText(alone)).toBe(asText(generated[i]));
      expect(asText(together[n])).toBe(asText(generated[i]));
    }
  });

  test('the same seed and traces give the same file', async () => {
    const again = await trainModel(shopTraces(400), { epochs: 8, exemplarBytes: 0 });
    expect(Buffer.from(again.bytes).equals(Buffer.from(bytes))).toBe(true);
  });

  test('attributes keep their types, follow the status, and rare values are not copied', () => {
    const realUsers = new Set(
      real.flatMap((trace) => trace.spans.map((span) => String(attributeValue(span.attributes, 'user.id'))))
    );
    let failed = 0;
    let copied = 0;
    for (const span of generated.flatMap((trace) => trace.spans)) {
      expect(attributeValue(span.resource.attributes, 'gent.generated')).toBe(true);
      expect(attributeValue(span.resource.attributes, 'gent.model')).toBe(model.modelId);
      if (span.name === 'GetCart') {
        const user = attributeValue(span.attributes, 'user.id');
        expect(user).toMatch(/^user-\d+$/);
        copied += realUsers.has(String(user)) ? 1 : 0;
        expect(attributeValue(span.attributes, 'rpc.system')).toBe('grpc');
        expect(span.statusMessage === '' || span.statusCode === 2).toBe(true);
        for (const event of span.events) {
          expect(event.name).toBe('exception');
          expect(attributeValue(event.attributes, 'exception.type')).toBe('Timeout');
          expect(attributeValue(event.attributes, 'exception.message')).toMatch(/^after \d+ ms$/);
          expect(event.timeUnixNano >= span.startTimeUnixNano && event.timeUnixNano <= span.endTimeUnixNano).toBe(true);
        }
        failed += span.statusCode === 2 ? 1 : 0;
      }
      if (span.name === 'SELECT carts') {
        const rows = attributeValue(span.attributes, 'db.rows');
        expect(typeof rows).toBe('bigint');
        expect(Number(rows)).toBeGreaterThanOrEqual(1);
        expect(typeof attributeValue(span.attributes, 'ratio')).toBe('number');
      }
    }
    expect(failed).toBeGreaterThan(0);
    expect(copied).toBe(0);
  });

  test('a value of fewer than k traces is nowhere in the file', async () => {
    const secret = 'correcthorsebatterystaple';
    const traces = shopTraces(100).map((trace, t) => ({
      ...trace,
      spans: trace.spans.map((span) =>
        t < 4
          ? {
              ...span,
              attributes: [...span.attributes, ...attributes({ note: `x ${secret} ${t}`, [`k${t % 1}`]: secret })],
            }
          : span
      ),
    }));
    const { model: opened } = await trainAndOpen(traces, { epochs: 1 });
    const { content } = opened;
    expect(asText(content.attributes.list)).not.toContain(secret);
    expect(asText(content.attributes.operations)).not.toContain(secret);
    expect(asText(await everything(opened))).not.toContain(secret);
    await opened.close();
  });
});

describe('odd batches give a model', () => {
  const one = (input: Partial<Parameters<typeof spanOf>[1]>): Trace => ({
    traceId: 'a'.repeat(32),
    spans: [
      spanOf('a'.repeat(32), {
        spanId: '1'.repeat(16),
        name: 'a',
        startTimeUnixNano: EPOCH,
        endTimeUnixNano: EPOCH,
        ...input,
      }),
    ],
  });
  const copies = (trace: Trace, count: number): Trace[] => Array.from({ length: count }, () => trace);
  const cases: Array<[string, Trace[]]> = [
    ['one span of no duration', [one({})]],
    ['one trace many times', copies(one({ endTimeUnixNano: EPOCH + 5n }), 300)],
    ['no root', [one({ parentSpanId: 'f'.repeat(16) })]],
    ['a span that ends before it starts', [one({ endTimeUnixNano: EPOCH - 7_000_000n })]],
    ['a span that is its own parent', [one({ parentSpanId: '1'.repeat(16) })]],
    [
      'the beginning and the end of time',
      [
        one({ startTimeUnixNano: 0n, endTimeUnixNano: 1n }),
        one({ startTimeUnixNano: 2n ** 63n, endTimeUnixNano: 2n ** 64n - 1n }),
      ],
    ],
    ['an empty trace between others', [one({}), { traceId: 'b'.repeat(32), spans: [] }, one({})]],
    ['a chain of 10,000 spans', [bigTrace(10_000, 'chain')]],
    ['a star of 10,000 spans', [bigTrace(10_000, 'star')]],
    [
      'every trace its own shape',
      Array.from({ length: 60 }, (_, n) => bigTrace(n + 1, n % 2 === 0 ? 'chain' : 'star')),
    ],
    [
      'traces longer than any bucket',
      shopTraces(20).map((trace) => ({
        ...trace,
        spans: trace.spans.map((span, i) => ({
          ...span,
          startTimeUnixNano: span.startTimeUnixNano + BigInt(i) * 45_000_000_000n,
          endTimeUnixNano: span.endTimeUnixNano + BigInt(i) * 45_000_000_000n,
        })),
      })),
    ],
  ];
  test.each(cases)('%s', async (_, real) => {
    // names of so few traces are kept as they are, so that counts can be compared by name
    const { model } = await trainAndOpen(real, { epochs: 1, privacyK: 1 });
    const generated = await everything(model);
    expectExact(
      real.filter((trace) => trace.spans.length > 0),
      generated,
      model.spanCounts.bucketSeconds
    );
    await model.close();
  });

  test('attributes of every kind, odd numbers, repeated and empty keys', async () => {
    const kinds = (t: number): KeyValue[] => [
      { key: 'same', value: 1n },
      { key: 'same', value: 'twice' },
      { key: '', value: t % 2 === 0 },
      ...attributes({
        double: t / 7,
        large: 1e300 * (t + 1),
        none: Number.NaN,
        infinite: Number.POSITIVE_INFINITY,
        int64: 2n ** 63n - 1n - BigInt(t),
        bytes: Uint8Array.of(t, 2, 3),
        list: ['a', BigInt(t), null],
        map: new KeyValueList([{ key: 'k', value: BigInt(t % 3) }]),
        nothing: null,
      }),
    ];
    const real = shopTraces(60).map((trace, t) => ({
      ...trace,
      spans: trace.spans.map((span) => ({
        ...span,
        attributes: kinds(t),
        events: [{ timeUnixNano: 0n, name: '', attributes: kinds(t), droppedAttributesCount: 3 }],
        links: [
          {
            traceId: trace.traceId,
            spanId: span.spanId,
            traceState: 'a=b',
            attributes: kinds(t),
            droppedAttributesCount: 1,
            flags: 1,
          },
        ],
        traceState: 'x=y',
        flags: 257,
        droppedLinksCount: 2,
      })),
    }));
    const { model } = await trainAndOpen(real, { epochs: 1 });
    const generated = await everything(model);
    expectExact(real, generated, model.spanCounts.bucketSeconds);
    for (const span of generated.flatMap((trace) => trace.spans)) {
      for (const list of [span.attributes, span.events[0]?.attributes ?? [], span.links[0]?.attributes ?? []]) {
        expect(list.map((attribute) => attribute.key)).toEqual(kinds(0).map((attribute) => attribute.key));
        expect(typeof attributeValue(list, 'double')).toBe('number');
        expect(typeof attributeValue(list, 'int64')).toBe('bigint');
        expect(attributeValue(list, 'bytes')).toBeInstanceOf(Uint8Array);
        expect(attributeValue(list, 'nothing')).toBeNull();
      }
      expect([span.traceState, span.flags, span.droppedLinksCount]).toEqual(['x=y', 257, 2]);
      expect(span.links[0]).toMatchObject({
        traceState: 'a=b',
        flags: 1,
        droppedAttributesCount: 1,
        traceId: span.traceId,
      });
      expect(span.links[0]?.spanId).toMatch(/^[0-9a-f]{16}$/);
    }
    await model.close();
  });

  test('no trace at all is an error that says so', async () => {
    await expect(trainModel([])).rejects.toMatchObject({ code: 'TRAIN_EMPTY' });
  });

  test('cancelling stops the training', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(trainModel(shopTraces(10), { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('from a file alone', () => {
  test('other processes in an empty directory generate the same traces, native and on WebAssembly', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'gent-core-'));
    try {
      const { bytes, model } = await trainAndOpen(shopTraces(50), { epochs: 1 });
      writeFileSync(path.join(directory, 'm.gent'), bytes);
      const generate = (out: string, ...more: string[]): Buffer => {
        const command = path.resolve(__dirname, '../../build/gent.cjs');
        const args = [command, 'generate', '--model', 'm.gent', '--out', out, ...more];
        execFileSync(process.execPath, args, { cwd: directory, stdio: 'pipe' });
        return readFileSync(path.join(directory, out));
      };
      const native = generate('out.ndjson');
      expect(generate('wasm.ndjson', '--wasm').equals(native)).toBe(true);
      const written = await readAllTraces(path.join(directory, 'out.ndjson'));
      const here = await everything(model);
      await model.close();
      const sorted = (traces: readonly Trace[]): string[] =>
        traces
          .map((trace) => asText({ ...trace, spans: [...trace.spans].sort((a, b) => (a.spanId < b.spanId ? -1 : 1)) }))
          .sort();
      expect(sorted(written)).toEqual(sorted(here));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

const dataFile = path.resolve(__dirname, '../../../shared/data/mixed-500.otlp.ndjson.gz');
const describeIf = existsSync(dataFile) ? describe : describe.skip;

describeIf('500 real traces of many systems (skipped where the data is not at hand)', () => {
  test('counts, shapes and bounds are exact', async () => {
    const real = await readAllTraces(dataFile);
    const { bytes, model } = await trainAndOpen(real, { epochs: 1 });
    expectExact(real, await everything(model), model.spanCounts.bucketSeconds);
    expect(bytes.length).toBeLessThan(0.15 * readFileSync(dataFile).length);
    await model.close();
  });
});

describe('a limit on bytes', () => {
  const real = shopTraces(300);
  test.each([40_000, 20_000, 12_000, 9000])('%d is kept', async (maxBytes) => {
    const { bytes, model } = await trainAndOpen(real, { epochs: 1, maxBytes });
    expect(bytes.length).toBeLessThanOrEqual(maxBytes);
    expectExact(real, await everything(model), model.spanCounts.bucketSeconds);
    await model.close();
  });

  test('is kept by a smaller network where one took more than planned', async () => {
    const notes: string[] = [];
    const logger = { ...silentLogger, info: (message: string) => notes.push(message) };
    const anew = (): boolean => notes.some((note) => note.includes('training a smaller one'));
    const options = { epochs: 1, exemplarBytes: 0, fidelityCard: false, logger };
    // One pass leaves weights large. Where a plan is just met depends on all that is in the file, so it is looked for.
    for (let maxBytes = 9000; maxBytes > 6800 && !anew(); maxBytes -= 40) {
      const { bytes } = await trainModel(real, { ...options, maxBytes });
      expect([maxBytes, bytes.length <= maxBytes]).toEqual([maxBytes, true]);
    }
    expect(anew()).toBe(true);
  });

  test('that nothing can keep is an error that says what is needed', async () => {
    await expect(trainModel(real, { maxBytes: 500 })).rejects.toMatchObject({ code: 'TRAIN_MAX_BYTES' });
  });
});
