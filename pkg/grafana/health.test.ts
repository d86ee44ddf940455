import type { EngineDescription } from '../query';
import { describeHealth } from './health';

const MINUTE = 60_000_000_000n;
const START = 1_763_870_400_000_000_000n;

const description = (more: Partial<EngineDescription>): EngineDescription => ({
  kind: 'models',
  location: '/models',
  models: [],
  skipped: [],
  traces: 0,
  spans: 0,
  ...more,
});

const model = {
  id: 'm',
  file: 'm.gent',
  window: { start: START, end: START + MINUTE },
  traces: 10_000,
  spans: 440_000,
  bytes: 61_000,
  services: ['shop'],
  createdUnixMs: 0,
};

test('a store with models says how many, of what, and when', () => {
  const health = describeHealth(description({ models: [model], window: model.window, traces: 10_000, spans: 440_000 }));
  expect(health.ok).toBe(true);
  expect(health.message).toBe(
    '/models: 1 model of 10,000 traces (440,000 spans), 2025-11-23 04:00:00 to 2025-11-23 04:01:00 UTC.'
  );
  expect(health.verbose).toContain('m.gent: 2025-11-23 04:00:00');
});

test('skipped files are counted, and each is explained on demand', () => {
  const health = describeHealth(
    description({ models: [model], skipped: [{ file: 'half.gent', reason: 'section network is truncated' }] })
  );
  expect(health.ok).toBe(true);
  expect(health.message).toContain('1 file skipped');
  expect(health.verbose).toContain('skipped half.gent: section network is truncated');
});

test('an empty store is reachable, and says what to do; one with only unusable files is not healthy', () => {
  expect(describeHealth(description({}))).toMatchObject({
    ok: true,
    message: expect.stringContaining('no models yet'),
  });
  expect(describeHealth(description({ skipped: [{ file: 'a', reason: 'b' }] })).ok).toBe(false);
});

test('raw traces are described without models', () => {
  const health = describeHealth(description({ kind: 'traces', location: 'a.ndjson', traces: 1, spans: 4 }));
  expect(health).toMatchObject({ ok: true, message: 'a.ndjson: 1 trace (4 spans).' });
});

test('the largest time of OTLP has a date', () => {
  const window = { start: 0n, end: 2n ** 64n - 1n };
  expect(describeHealth(description({ models: [model], window })).message).toContain('to 2554-07-21 23:34:33 UTC');
});
