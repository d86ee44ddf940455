/** @file Exemplars: real traces within a model, verbatim; counts, search and trace view agree with them; damage is told. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GentError } from '../../pkg/common';
import { openModel, type OpenedModel } from '../../pkg/generate';
import { readModelFile, SECTIONS, writeModelFile, type SectionName } from '../../pkg/model';
import { modelEngine } from '../../pkg/query';
import { openStore } from '../../pkg/store';
import { attributeValue, KeyValueList, type Span, type Trace } from '../../pkg/trace';
import { trainModel, type TrainOptions } from '../../pkg/train';
import { attributes, countsOf, EPOCH, numbers, shopTraces, spanOf } from './batches';

const RARE = 'a value that one trace has';

/** The shop with whole ids, one failing trace with everything OTLP has, one slow one, and orphans. */
function batch(): Trace[] {
  const traces = shopTraces(400);
  const traceId = 'feedfacefeedfacefeedfacefeedface';
  const at = EPOCH + 300_000_000_123n;
  const odd = [
    spanOf(traceId, {
      spanId: '00000000000000aa',
      parentSpanId: '00000000000000bb',
      name: 'odd',
      startTimeUnixNano: at,
      endTimeUnixNano: at + 4_000_000_019n,
      statusCode: 2,
      statusMessage: RARE,
      traceState: 'a=b',
      flags: 257,
      droppedAttributesCount: 1,
      droppedEventsCount: 2,
      droppedLinksCount: 3,
      attributes: attributes({
        'error.type': RARE,
        double: 1 / 3,
        none: Number.NaN,
        int64: 2n ** 63n - 1n,
        bytes: Uint8Array.of(1, 2, 3),
        list: ['a', 1n, null],
        map: new KeyValueList([{ key: 'k', value: 1n }]),
      }),
      events: [
        { timeUnixNano: at + 5n, name: 'exception', attributes: attributes({ a: RARE }), droppedAttributesCount: 1 },
        { timeUnixNano: at - 5n, name: '', attributes: [], droppedAttributesCount: 0 },
      ],
      links: [
        {
          traceId: '1'.repeat(32),
          spanId: '2'.repeat(16),
          traceState: 'c=d',
          attributes: attributes({ b: RARE }),
          droppedAttributesCount: 7,
          flags: 1,
        },
        { traceId, spanId: '3'.repeat(16), traceState: '', attributes: [], droppedAttributesCount: 0, flags: 0 },
      ],
    }),
    spanOf(traceId, {
      spanId: '00000000000000cc',
      parentSpanId: '00000000000000aa',
      name: 'ends before it begins, in another bucket',
      startTimeUnixNano: at + 61_000_000_000n,
      endTimeUnixNano: at + 60_000_000_000n,
    }),
  ];
  return [...traces, { traceId, spans: odd }];
}

/** The spans in order of their ids, without the marks of a model. */
const canonical = (trace: Trace | undefined): Span[] =>
  [...(trace?.spans ?? [])]
    .sort((a, b) => (a.spanId < b.spanId ? -1 : 1))
    .map((span) => ({
      ...span,
      resource: {
        ...span.resource,
        attributes: span.resource.attributes.filter((attribute) => !attribute.key.startsWith('gent.')),
      },
    }));

async function trained(
  real: readonly Trace[],
  options: TrainOptions = {}
): Promise<{ bytes: Uint8Array; model: OpenedModel; traces: Trace[]; exemplars: number[] }> {
  const { bytes } = await trainModel(real, { epochs: 1, ...options });
  const model = await openModel(bytes);
  const all = Array.from({ length: model.traceCount }, (_, i) => i);
  const traces = await model.generate(all);
  return { bytes, model, traces, exemplars: all.filter((i) => model.isExemplar(i)) };
}

describe('a model with exemplars', () => {
  const real = batch();
  const byId = new Map(real.map((trace) => [trace.traceId, trace]));
  let made: Awaited<ReturnType<typeof trained>>;

  beforeAll(async () => {
    made = await trained(real, { exemplarBytes: 4000 });
  });
  afterAll(() => made.model.close());

  test('gives back real traces as they were, the oddest among them, and says that they are real', () => {
    const { model, traces, exemplars } = made;
    expect(exemplars.length).toBeGreaterThan(5);
    expect(exemplars.length).toBe(model.manifest.counts.exemplars);
    for (const i of exemplars) {
      const trace = traces[i] as Trace;
      expect(canonical(trace)).toEqual(canonical(byId.get(trace.traceId)));
      expect(model.traceId(i)).toBe(trace.traceId);
      expect(model.indexOf(trace.traceId)).toBe(i);
      for (const span of trace.spans) {
        expect(attributeValue(span.resource.attributes, 'gent.generated')).toBe(false);
        expect(attributeValue(span.resource.attributes, 'gent.model')).toBe(model.modelId);
      }
    }
    expect(exemplars.map((i) => traces[i]?.traceId)).toContain('feedfacefeedfacefeedfacefeedface');
    expect(made.bytes.length).toBeLessThan(60_000);
    expect(model.sectionBytes.exemplars).toBeLessThanOrEqual(4000);
  });

  test('keeps counts, bounds and classes', () => {
    const { model, traces } = made;
    const { bucketSeconds } = model.spanCounts;
    expect(Object.fromEntries(countsOf(traces, bucketSeconds))).toEqual(
      Object.fromEntries(countsOf(real, bucketSeconds))
    );
    traces.forEach((trace, i) => {
      const { start, end } = model.boundsOf(i);
      const classes = model.shapeClasses(model.shapeOf(i));
      expect(classes).toHaveLength(trace.spans.length);
      trace.spans.forEach((span, s) => {
        expect(span.startTimeUnixNano >= start && span.endTimeUnixNano <= end).toBe(true);
        const found = model.classes[classes[s] as number];
        expect([found?.name, found?.statusCode]).toEqual([span.name, span.statusCode]);
        expect(found?.resourceVariables.has('gent.generated')).toBe(true);
      });
    });
  });

  test('an id that a kept trace would have been generated under is nobody’s', async () => {
    const { bytes, model, exemplars } = made;
    const file = readModelFile(bytes);
    const { format: _f, id: _i, generator: _g, sections: _s, ...manifest } = file.manifest;
    const sections = Object.fromEntries(SECTIONS.map((name) => [name, file.section(name)]));
    const without = writeModelFile(
      { ...(sections as Record<SectionName, Uint8Array>), exemplars: new Uint8Array(0) },
      manifest
    );
    const plain = await openModel(without.bytes);
    expect(exemplars.some((i) => plain.isExemplar(i))).toBe(false);
    expect(exemplars.map((i) => plain.indexOf(plain.traceId(i)))).toEqual(exemplars);
    const i = exemplars[0] as number;
    const own = model.traceId(i === 0 ? exemplars.length : 0).slice(0, 16);
    expect(model.indexOf(own + plain.traceId(i).slice(16))).toBeUndefined();
    await plain.close();
  });

  test('is found by a store under real ids, and by search', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'gent-exemplars-'));
    const store = await openStore(directory);
    const engine = modelEngine(store);
    try {
      await store.publish(made.bytes);
      for (const i of made.exemplars) {
        const id = made.model.traceId(i);
        const { trace, provenance } = await engine.traceById(id);
        expect(canonical(trace)).toEqual(canonical(byId.get(id)));
        expect(provenance).toEqual({ generated: false, model: made.model.modelId });
      }
      expect((await engine.traceById('9'.repeat(32))).trace).toBeUndefined();
      const found = await engine.search({ query: `{ span.error.type = "${RARE}" }` });
      expect(found.traces.map(({ traceId, provenance }) => [traceId, provenance.generated])).toEqual([
        ['feedfacefeedfacefeedfacefeedface', false],
      ]);
      const marked = await engine.search({ query: '{ resource.gent.generated = false }', limit: 1000 });
      expect(marked.traces.map(({ traceId }) => traceId).sort()).toEqual(
        made.exemplars.map((i) => made.model.traceId(i)).sort()
      );
    } finally {
      await engine.close();
      await store.close();
      rmSync(directory, { recursive: true });
    }
  });

  test('damaged, gives a coded error, or traces whose counts are exact', async () => {
    const file = readModelFile(made.bytes);
    const { format: _f, id: _i, generator: _g, sections: _s, ...manifest } = file.manifest;
    const sections = Object.fromEntries(SECTIONS.map((name) => [name, file.section(name)])) as Record<
      SectionName,
      Uint8Array
    >;
    const random = numbers(11);
    const width = made.model.spanCounts.bucketSeconds;
    const expected = Object.fromEntries(countsOf(real, width));
    let refused = 0;
    let opened = 0;
    for (let round = 0; round < 120; round++) {
      let data = Uint8Array.from(sections.exemplars);
      for (let flips = 1 + Math.floor(random() * 2); flips > 0; flips--) {
        data[Math.floor(random() * data.length)] = Math.floor(random() * 256);
      }
      data = random() < 0.2 ? data.slice(0, Math.floor(random() * data.length) + 1) : data;
      try {
        const model = await openModel(writeModelFile({ ...sections, exemplars: data }, manifest).bytes);
        if (opened++ < 8) {
          const traces = await model.generate(Array.from({ length: model.traceCount }, (_, i) => i));
          expect(Object.fromEntries(countsOf(traces, width))).toEqual(expected);
        }
        await model.close();
      } catch (error) {
        expect(error).toBeInstanceOf(GentError);
        expect((error as GentError).message).toMatch(/section exemplars/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
    expect(opened).toBeGreaterThan(20);
  });
});

test('without exemplars nothing rare is in the file', async () => {
  const real = batch();
  const { bytes, model, exemplars } = await trained(real, { exemplarBytes: 0 });
  const file = readModelFile(bytes);
  const everything = Buffer.concat(SECTIONS.map((name) => Buffer.from(file.section(name))));
  expect(exemplars).toEqual([]);
  expect(file.section('exemplars')).toHaveLength(0);
  expect(everything.includes(RARE)).toBe(false);
  expect(JSON.stringify(file.manifest)).not.toContain(RARE);
  for (const trace of real.slice(-3)) {
    expect(everything.includes(Buffer.from(trace.traceId, 'hex'))).toBe(false);
  }
  expect(model.classes.every((one) => !one.resourceVariables.has('gent.generated'))).toBe(true);
  await model.close();
});

test('exemplars stay within a twentieth of the rest, and within the bytes allowed', async () => {
  const real = batch();
  const { model } = await trained(real);
  const { exemplars, manifest: _manifest, ...rest } = model.sectionBytes;
  expect(exemplars).toBeGreaterThan(0);
  expect(exemplars).toBeLessThanOrEqual(0.05 * Object.values(rest).reduce((sum, bytes) => sum + bytes, 0));
  await model.close();
  for (const maxBytes of [9_000, 14_000, 30_000]) {
    expect((await trainModel(real, { epochs: 1, maxBytes })).bytes.length).toBeLessThanOrEqual(maxBytes);
  }
});

test('traces that cannot be told exactly are not kept', async () => {
  const one = (traceId: string, ids: string[]): Trace => ({
    traceId,
    spans: ids.map((spanId, i) =>
      spanOf(traceId, { spanId, name: `s${i}`, startTimeUnixNano: EPOCH, endTimeUnixNano: EPOCH + 1n })
    ),
  });
  const real = [
    one('a'.repeat(32), ['1'.repeat(16), '1'.repeat(16)]),
    one('b'.repeat(31), ['2'.repeat(16)]),
    one('0'.repeat(32), ['2'.repeat(16), '3'.repeat(16)]),
    one('c'.repeat(32), ['no hex at all']),
    ...Array.from({ length: 40 }, (_, t) => one((t + 1).toString(16).padStart(32, 'd'), ['4'.repeat(16)])),
  ];
  const { model, traces, exemplars } = await trained(real, { exemplarBytes: 5000 });
  expect(traces).toHaveLength(real.length);
  expect(exemplars).toEqual([]);
  await model.close();
});
