/**
 * @file Push-down never changes an answer: random queries over models, answered by the engine that leaves out what
 * cannot matter, and by one that evaluates every trace the models write.
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { openModel } from '../../pkg/generate';
import { modelEngine, rawEngine, type TracesEngine } from '../../pkg/query';
import { openStore } from '../../pkg/store';
import { type AttributeValue, newReadContext, readAllTraces, spansFromOtlpJson, type Trace } from '../../pkg/trace';
import type { Series } from '../../pkg/traceql';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { fixtureNdjson } from '../plugin/fixture';
import { shopTraces } from './shop-traces';
import { emptyDirectory } from '../store/model-file';

const DATA = path.resolve(__dirname, '../../../shared/data/mixed-500.otlp.ndjson.gz');

interface Engines {
  readonly models: TracesEngine;
  readonly raw: TracesEngine;
  readonly traces: readonly Trace[];
}

const cleanUp: Array<() => Promise<void> | void> = [];
afterAll(async () => {
  for (const end of cleanUp) {
    await end();
  }
});

/** @param batches - of one model each @param exemplarBytes - for real traces kept verbatim in each */
async function enginesOf(batches: ReadonlyArray<readonly Trace[]>, exemplarBytes = 0): Promise<Engines> {
  const directory = emptyDirectory();
  const store = await openStore(directory);
  const traces: Trace[] = [];
  for (const real of batches) {
    const batch = newTrainingBatch();
    real.forEach((trace) => batch.add(trace));
    const { bytes } = await trainOnColumns(batch.finish(), { epochs: 1, seed: 1, exemplarBytes });
    await store.publish(bytes);
    const opened = await openModel(bytes);
    traces.push(...(await opened.generate(Array.from({ length: opened.traceCount }, (_, i) => i))));
    await opened.close();
  }
  const models = modelEngine(store);
  cleanUp.push(
    () => models.close(),
    () => rmSync(directory, { recursive: true, force: true })
  );
  return { models, raw: rawEngine(traces, 'generated'), traces };
}

/** A value as TraceQL writes it; undefined for those it cannot write. */
function literal(value: AttributeValue): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'bigint':
      return value < 0n ? undefined : String(value);
    case 'number':
      return Number.isFinite(value) && value >= 0 && value < 1e15 ? value.toFixed(3) : undefined;
    default:
      return undefined;
  }
}

/** Conditions on what the traces hold, and now and then on what they do not. */
function conditionsOf(traces: readonly Trace[]): fc.Arbitrary<string> {
  const found = new Set<string>();
  const stride = Math.max(1, Math.floor(traces.length / 120));
  for (const { spans } of traces.filter((_, i) => i % stride === 0)) {
    for (const { name, attributes, resource, events } of spans.slice(0, 30)) {
      found.add(`name|${JSON.stringify(name)}`);
      events.forEach((event) => found.add(`event:name|${JSON.stringify(event.name)}`));
      for (const [scope, list] of [
        ['span', attributes],
        ['resource', resource.attributes],
        ['event', events.flatMap((event) => event.attributes)],
      ] as const) {
        for (const { key, value } of list) {
          const text = literal(value);
          if (text !== undefined && /^[\w.]+$/.test(key)) {
            found.add(`${scope}.${key}|${text}`);
            found.add(`.${key}|${text}`);
          }
        }
      }
    }
  }
  const pairs = [...found].sort().filter((text) => !text.includes('`') && text.length < 200);
  const pair = fc.constantFrom(...pairs).map((text) => {
    const at = text.indexOf('|');
    return { field: text.slice(0, at), value: text.slice(at + 1) };
  });
  const onValue = fc
    .tuple(pair, fc.constantFrom('=', '=', '=', '!=', '>=', '<'))
    .map(([{ field, value }, operator]) =>
      /^(true|false)$/.test(value) && !/=/.test(operator.replace('>=', ''))
        ? `${field} = ${value}`
        : `${field} ${/^(true|false)$/.test(value) && operator === '>=' ? '=' : operator} ${value}`
    );
  const presence = fc
    .tuple(pair, fc.constantFrom('= nil', '!= nil'))
    .filter(([{ field }]) => !/^name$|:name$|service\.name$/.test(field))
    .map(([{ field }, test]) => `${field} ${test}`);
  const intrinsic = fc.constantFrom(
    'status = error',
    'status != error',
    'status = unset',
    'kind = server',
    'kind != client',
    'duration > 5ms',
    'duration < 200us',
    'duration >= 1ms && duration < 1500us',
    '!(duration <= 20ms)',
    'duration != 10ms',
    '0.1s < duration',
    'traceDuration > 100ms',
    'nestedSetParent < 0',
    'span:childCount > 1',
    'name =~ ".*[Gg]et.*"',
    'resource.service.name !~ "f.*"',
    'rootName =~ "HTTP.*|GET.*|/.*"',
    'resource.gent.generated = true',
    'event:name = "exception"',
    'name = "nowhere"',
    '.nothing = 1'
  );
  const leaf = fc.oneof(
    { weight: 4, arbitrary: onValue },
    { weight: 1, arbitrary: presence },
    { weight: 3, arbitrary: intrinsic }
  );
  return fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(tie('expression'), fc.constantFrom('&&', '||'), tie('expression'))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      tie('expression').map((inner) => `!(${inner})`)
    ),
  })).expression;
}

function searchesOf(condition: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const filter = condition.map((inner) => `{ ${inner} }`);
  const operator = fc.constantFrom('&&', '||', '>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!~', '&>>', '&~');
  const tail = fc.constantFrom(
    '',
    '',
    ' | count() > 1',
    ' | avg(duration) > 2ms',
    ' | max(duration) > 50ms',
    ' | min(duration) >= 1ms',
    ' | by(resource.service.name) | count() > 1',
    ' | select(name, status)'
  );
  const pair = fc.tuple(filter, operator, filter).map(([left, op, right]) => `${left} ${op} ${right}`);
  const pipe = fc.tuple(filter, filter).map(([left, right]) => `${left} | ${right}`);
  return fc.tuple(fc.oneof(filter, pair, pipe), tail).map(([query, end]) => query + end);
}

const comparable = (series: readonly Series[]) =>
  series.map(({ labels, samples }) => [
    labels,
    samples.map(({ timestampMs, value }) => [timestampMs, Number(value.toPrecision(9))]),
  ]);

async function check({ models, raw, traces }: Engines): Promise<void> {
  const condition = conditionsOf(traces);
  let found = 0;
  await fc.assert(
    fc.asyncProperty(searchesOf(condition), fc.integer({ min: 1, max: 40 }), async (query, limit) => {
      const model = await models.search({ query, limit });
      const real = await raw.search({ query, limit });
      const plain = (list: typeof model.traces) => list.map((one) => ({ ...one, provenance: undefined }));
      expect(plain(model.traces)).toEqual(plain(real.traces));
      found += model.traces.length > 0 ? 1 : 0;
    }),
    { seed: 1, numRuns: 160 }
  );
  expect(found).toBeGreaterThan(30);
  const { window } = await models.describe();
  if (window === undefined) {
    throw new Error('no window');
  }
  const second = 1_000_000_000n;
  const hours = (window.end - window.start) / (3600n * second) + 1n;
  const metrics = fc.constantFrom(
    'rate()',
    'count_over_time() by (name)',
    'rate() by (resource.service.name, status)',
    'max_over_time(duration) by (kind)'
  );
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(condition, metrics, fc.constantFrom(60n, 300n, 7n), async (inner, metric, seconds) => {
      const stepNanos = hours * seconds * second;
      const request = { query: `{ ${inner} } | ${metric}`, range: window, stepNanos, mode: 'full' as const };
      const model = await models.metricsRange(request);
      expect(comparable(model.series)).toEqual(comparable((await raw.metricsRange(request)).series));
      counted += model.from === 'counts' ? 1 : 0;
    }),
    { seed: 2, numRuns: 80 }
  );
  expect(counted).toBeGreaterThan(5);
}

test('a model of the demo shop', async () => {
  await check(await enginesOf([shopTraces(300)]));
});

const threeServices = (): Trace[] =>
  fixtureNdjson()
    .trim()
    .split('\n')
    .map((line): Trace => {
      const spans = spansFromOtlpJson(JSON.parse(line), newReadContext());
      return { traceId: spans[0]?.traceId ?? '', spans };
    });

test('a model of three services', async () => {
  await check(await enginesOf([threeServices()]));
});

test('models of two systems, of which many queries can only match one, with real traces', async () => {
  await check(await enginesOf([shopTraces(150), threeServices()], 6000));
});

// Every question is answered twice over traces of many sizes, which takes minutes where cores are shared.
const LONG_MILLISECONDS = 600_000;

(existsSync(DATA) ? test : test.skip)(
  'a model of mixed-500, where ../shared/data is present',
  async () => {
    await check(await enginesOf([await readAllTraces(DATA)], 3000));
  },
  LONG_MILLISECONDS
);
