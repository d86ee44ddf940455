/** @file Overviews from counts against the very traces that the models generate, and against the demo's incidents. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { setLimit } from '../../common';
import { openModel } from '../../generate';
import { INCIDENTS, type IncidentName, simulateShop } from '../../pandora';
import { openStore } from '../../store';
import type { Trace } from '../../trace';
import { trainModel } from '../../train';
import { modelEngine, rawEngine, type Overview, type TimeRange, type TracesEngine } from '..';

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const START = 1_768_478_400n * SECOND;
const BATCH = 2500;

let directory: string;
let models: TracesEngine;
/** Over the traces that the models generate. */
let generated: TracesEngine;
/** Over the traces that the models were trained on. */
let real: TracesEngine;
/** More of the same shop: enough for incidents to stand out beyond doubt. */
let busy: TracesEngine;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-overview-'));
  const store = await openStore(directory);
  const traces = [...simulateShop({ seed: 5, count: 5000, startUnixNano: START })];
  const all: Trace[] = [];
  for (let at = 0; at < traces.length; at += BATCH) {
    const { bytes } = await trainModel(traces.slice(at, at + BATCH), { epochs: 0 });
    await store.publish(bytes);
    const opened = await openModel(bytes);
    all.push(...(await opened.generate(Array.from({ length: opened.traceCount }, (_, i) => i))));
    await opened.close();
  }
  models = modelEngine(store);
  generated = rawEngine(all, 'generated');
  real = rawEngine(traces, 'real');
  busy = rawEngine([...simulateShop({ seed: 5, count: 10_000, startUnixNano: START })], 'busy');
}, 300_000);

afterAll(async () => {
  await models.close();
  rmSync(directory, { recursive: true, force: true });
});

const counts = ({ services, calls, operations }: Overview) => ({
  services: services.map(({ durations: _, ...one }) => one),
  calls,
  operations: operations.map(({ durations: _, ...one }) => one),
});

const minutes = (from: number, to: number): TimeRange => ({
  start: START + BigInt(Math.round(from * 60)) * SECOND,
  end: START + BigInt(Math.round(to * 60)) * SECOND,
});

test('the shop as its service graph', async () => {
  const { services, calls, from } = await models.overview({ range: minutes(0, 31) });
  expect(from).toBe('counts');
  expect(services.map((one) => one.service)).toEqual(
    expect.arrayContaining(['cart', 'catalogue', 'checkout', 'frontend', 'inventory', 'payment', 'shipping'])
  );
  const called = calls.filter((call) => call.client === 'checkout').map((call) => call.server);
  expect(called).toEqual(expect.arrayContaining(['cart', 'inventory', 'payment', 'shipping']));
  expect(calls.every((call) => call.client !== call.server && call.failed <= call.calls)).toBe(true);
});

test('nodes and edges count what all generated traces hold, whatever the range and service', async () => {
  const services = [undefined, 'checkout', 'payment', 'no such service'];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -60, max: 1900 }),
      fc.integer({ min: 1, max: 1200 }),
      fc.constantFrom(...services),
      async (second, length, service) => {
        const range = { start: START + BigInt(second) * SECOND, end: START + BigInt(second + length) * SECOND };
        const request = { durations: false, ...(service === undefined ? {} : { services: [service] }) };
        const answer = await models.overview({ range, ...request });
        expect(answer.range.start <= range.start && answer.range.end >= range.end).toBe(true);
        expect(answer.range.end - answer.range.start).toBeLessThanOrEqual(range.end - range.start + 2n * MINUTE);
        const all = await generated.overview({ range: answer.range, ...request });
        expect(counts(answer)).toEqual(counts(all));
      }
    ),
    { numRuns: 40, seed: 11 }
  );
});

test('counts are those of the real traces, too', async () => {
  const range = minutes(0, 31);
  const [answer, all] = [await models.overview({ range }), await real.overview({ range })];
  expect(counts(answer)).toEqual(counts(all));
});

test('durations of everything have no interval; of a part they do, and hold what all traces give', async () => {
  const range = minutes(0, 31);
  const exact = await models.overview({ range });
  const all = await generated.overview({ range: exact.range });
  expect(exact.services).toEqual(all.services);
  setLimit('QUERY_OVERVIEW_SPANS', 6000);
  const fresh = modelEngine(await openStore(directory));
  try {
    const part = await fresh.overview({ range });
    expect(part.notices[0]?.text).toContain('Durations are estimated from');
    let inside = 0;
    let bounded = 0;
    for (const { service, durations } of part.services) {
      const truth = all.services.find((one) => one.service === service)?.durations;
      expect(durations?.share).toBeLessThanOrEqual(1);
      expect(durations?.samples).toBeGreaterThan(0);
      for (const p of ['p50', 'p90'] as const) {
        const [estimate, exactly] = [durations?.[p], truth?.[p].value ?? NaN];
        if (estimate?.lower !== undefined && estimate.upper !== undefined) {
          bounded++;
          inside += exactly >= estimate.lower && exactly <= estimate.upper ? 1 : 0;
        }
      }
    }
    expect(bounded).toBeGreaterThan(8);
    expect(inside / bounded).toBeGreaterThanOrEqual(0.8);
  } finally {
    setLimit('QUERY_OVERVIEW_SPANS', undefined);
    await fresh.close();
  }
});

test('without time for durations, counts are exact all the same; asked again, durations are there', async () => {
  const range = minutes(1, 29);
  setLimit('QUERY_OVERVIEW_MILLISECONDS', 0);
  try {
    const hasty = await models.overview({ range });
    expect(hasty.notices[0]).toMatchObject({ severity: 'warning', text: expect.stringContaining('no time for') });
    expect(hasty.services.every(({ durations }) => durations === undefined)).toBe(true);
    expect(counts(hasty)).toEqual(counts(await generated.overview({ range: hasty.range })));
  } finally {
    setLimit('QUERY_OVERVIEW_MILLISECONDS', undefined);
  }
  const whole = await models.overview({ range });
  expect(whole.notices).toEqual([]);
  expect(whole.services.every(({ durations }) => durations !== undefined)).toBe(true);
});

test('the same question is remembered', async () => {
  const range = minutes(3, 9);
  const [first, second] = await Promise.all([models.overview({ range }), models.overview({ range })]);
  expect(first).toBe(second);
  expect(await models.overview({ range })).toBe(first);
});

/** What each incident changes first of all, and where. */
const INJECTED: Array<[IncidentName, string, RegExp, string[]]> = [
  ['slow-payment-gateway', 'payment', /^POST$/, ['p50', 'p99', 'errors']],
  ['stock-database', 'inventory', /stock/, ['errors']],
  ['noisy-neighbour', 'catalogue', /./, ['p50', 'p99']],
];

// The models here have no network, so a change of durations alone within the batch of one model is not in them.
const IN_MODELS = INJECTED.filter(([name]) => name !== 'noisy-neighbour');

describe.each(INJECTED)('%s ranks first', (name, service, operation, kinds) => {
  const incident = INCIDENTS.find((one) => one.name === name);
  const range = minutes(incident?.from ?? 0, incident?.to ?? 0);
  const baseline = minutes((incident?.from ?? 0) - 4, incident?.from ?? 0);

  test('in real traces', async () => {
    const { changes } = await busy.compareWindows({ range, baseline });
    expect(changes[0]).toMatchObject({ operation: { service, name: expect.stringMatching(operation) } });
    expect(kinds).toContain(changes[0]?.kind);
    expect(changes[0]?.score).toBeGreaterThan(20);
  });
});

test.each(IN_MODELS)('%s ranks first in models, too', async (name, service) => {
  const incident = INCIDENTS.find((one) => one.name === name);
  const range = minutes(incident?.from ?? 0, incident?.to ?? 0);
  const baseline = minutes((incident?.from ?? 0) - 4, incident?.from ?? 0);
  const { changes } = await models.compareWindows({ range, baseline });
  expect(changes[0]?.operation.service).toBe(service);
  expect(changes[0]?.score).toBeGreaterThan(15);
});

test('two windows of the same traffic hardly differ', async () => {
  const { changes } = await real.compareWindows({ range: minutes(4, 6), baseline: minutes(2, 4) });
  // The shop has more customers by the minute, which is said, and ranks last.
  expect(changes.filter(({ score }) => score > 0)).toEqual([]);
});

test('a service that is deployed with a new span shows a new operation', async () => {
  const { changes } = await real.compareWindows({ range: minutes(17, 21), baseline: minutes(10, 13) });
  const kinds = changes
    .filter(({ operation }) => operation.service === 'checkout')
    .map(({ kind, operation }) => [kind, operation.name]);
  expect(kinds).toContainEqual(['new operation', 'check fraud']);
});

test('traffic as a whole is evidence, and ranks below everything that began somewhere', async () => {
  const { changes } = await real.compareWindows({ range: minutes(12, 16), baseline: minutes(0, 4) });
  const traffic = changes.find(({ operation }) => operation.name === '(all traces)');
  expect(traffic).toMatchObject({ kind: 'rate', score: 0 });
  expect(traffic?.evidence).toBeGreaterThan(20);
  expect((traffic?.after ?? 0) / (traffic?.before ?? 1)).toBeGreaterThan(1.5);
  const only = await real.compareWindows({ range: minutes(12, 16), baseline: minutes(0, 4), services: ['cart'] });
  expect(only.changes.every(({ operation }) => operation.service === 'cart')).toBe(true);
});

test('an empty window is said to be empty, and nothing is compared', async () => {
  const { changes, notices } = await models.compareWindows({ range: minutes(0, 10), baseline: minutes(-600, -590) });
  expect(notices[0]?.text).toContain('baseline holds no traces');
  expect(changes).toEqual([]);
});

test('who waits for the answer of another gets it, even if the other leaves', async () => {
  const range = minutes(11, 17);
  const leaves = new AbortController();
  const left = models.compareWindows({ range, baseline: minutes(4, 10), signal: leaves.signal });
  const stays = models.compareWindows({ range, baseline: minutes(4, 10) });
  leaves.abort();
  await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await stays).traces).toBeGreaterThan(0);
});

test('a question can be cancelled', async () => {
  const signal = AbortSignal.abort();
  for (const engine of [models, real]) {
    await expect(engine.overview({ range: minutes(1, 2), signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(
      engine.compareWindows({ range: minutes(1, 2), baseline: minutes(2, 3), signal })
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  }
});
