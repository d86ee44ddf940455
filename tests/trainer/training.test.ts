/** @file From spans over HTTP to a model in the store: by count, by age, at shutdown; and batches that cannot be trained. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCli } from '../../pkg/cli';
import { sendLive, simulateShop, TraceSender } from '../../pkg/pandora';
import { openStore } from '../../pkg/store';
import { readAllTraces, type Trace } from '../../pkg/trace';
import { startTrainer, stopTrainers, until } from './harness';

afterEach(stopTrainers);

const START = 1_700_000_000_000_000_000n;
const shop = (count: number, seed = 1): Trace[] => [...simulateShop({ count, seed, startUnixNano: START })];
const spansOf = (traces: readonly Trace[]) => traces.reduce((sum, trace) => sum + trace.spans.length, 0);
/** Training as short as it gets: these tests are about the way there. */
const QUICK = { epochs: 1, idleMs: 300 };

async function models(directory: string) {
  const store = await openStore(directory, { refreshMs: 0 });
  const { models, skipped } = await store.list();
  await store.close();
  expect(skipped).toEqual([]);
  return models;
}

describe('batches', () => {
  it('closes by count, trains, publishes a model that the store reads', async () => {
    const { trainer, store, metric } = await startTrainer({ ...QUICK, batchTraces: 300 });
    const traces = shop(300);
    await new TraceSender({ endpoint: trainer.address }).sendAll(traces);
    await until(async () => (await models(store)).length === 1, 'a model is published');
    const [model] = await models(store);
    expect(model).toMatchObject({ traces: 300, spans: spansOf(traces) });
    expect(model!.services).toContain('checkout');
    expect(await metric('gent_trainer_trainings_total', { outcome: 'ok' })).toBe(1);
    expect(await metric('gent_trainer_batches_total', { closed_by: 'count' })).toBe(1);
    expect(await metric('gent_trainer_late_traces_total')).toBe(0);
    expect(await metric('gent_trainer_model_bytes')).toBe(model!.bytes);
  });

  it.each([
    ['age', { batchAgeMs: 700 }],
    ['quiet', { batchQuietMs: 400 }],
  ])('closes by %s', async (by, config) => {
    const { trainer, store, metric } = await startTrainer({ ...QUICK, ...config });
    await new TraceSender({ endpoint: trainer.address }).sendAll(shop(40));
    await until(
      async () => (await metric('gent_trainer_batches_total', { closed_by: by })) === 1,
      `a batch closes by ${by}`
    );
    await until(async () => (await models(store)).length === 1, 'a model is published');
  });

  it('takes a trace whose spans come in many requests as one', async () => {
    const { trainer, store } = await startTrainer({ ...QUICK, idleMs: 3000, batchQuietMs: 3000 });
    const traces = shop(50);
    await new TraceSender({ endpoint: trainer.address, spansPerRequest: 7 }).sendAll(traces);
    await until(async () => (await models(store)).length === 1, 'a model is published');
    expect((await models(store))[0]).toMatchObject({ traces: 50, spans: spansOf(traces) });
  });

  it('counts spans that come after their trace was closed; they are a trace of their own', async () => {
    const { trainer, metric } = await startTrainer({ ...QUICK, idleMs: 50 });
    const trace = shop(20).find(({ spans }) => spans.length > 3)!;
    const sender = new TraceSender({ endpoint: trainer.address });
    await sender.send([{ ...trace, spans: trace.spans.slice(0, 2) }]);
    await until(() => trainer.status().held.openTraces === 0, 'the trace is closed');
    await sender.send([{ ...trace, spans: trace.spans.slice(2) }]);
    expect(await metric('gent_trainer_late_traces_total')).toBe(1);
    await until(() => trainer.status().held.batchTraces === 2, 'both pieces are in the batch');
  });

  it('keeps a batch that cannot become a model where it can be read again', async () => {
    // The store is taken away while the trainer runs.
    const { trainer, store, metric } = await startTrainer({
      ...QUICK,
      batchQuietMs: 300,
      failed: mkdtempSync(path.join(tmpdir(), 'gent-failed-')),
      wal: 'off',
    });
    const { failed } = trainer.status().config;
    rmSync(store, { recursive: true });
    const traces = shop(60);
    await new TraceSender({ endpoint: trainer.address }).sendAll(traces);
    await until(() => readdirSync(failed).some((name) => name.endsWith('.otlp.pb.gz')), 'the batch is kept');
    const kept = await readAllTraces([path.join(failed, readdirSync(failed)[0]!)]);
    expect(kept.map((trace) => trace.traceId).sort()).toEqual(traces.map((trace) => trace.traceId).sort());
    expect(spansOf(kept)).toBe(spansOf(traces));
    expect(trainer.status().failed).toBe(1);
    expect(await metric('gent_trainer_trainings_total', { outcome: 'ok' })).toBe(1);
    rmSync(failed, { recursive: true });
  });
});

describe('shutdown', () => {
  it('refuses new spans, trains what is held, publishes, and closes', async () => {
    const { trainer, store, url } = await startTrainer({ ...QUICK, idleMs: 60_000 });
    const traces = shop(80);
    await new TraceSender({ endpoint: trainer.address }).sendAll(traces);
    expect(trainer.status().held.openTraces).toBe(80);
    const stopped = trainer.stop();
    const refused = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect((await fetch(`${trainer.address}/healthz`)).status).toBe(503);
    await stopped;
    expect((await models(store))[0]).toMatchObject({ traces: 80, spans: spansOf(traces) });
    await expect(fetch(url)).rejects.toThrow();
  });

  it('gives up a training in the middle: the batch is written aside and the process lives', async () => {
    const failed = mkdtempSync(path.join(tmpdir(), 'gent-failed-'));
    const { trainer } = await startTrainer({ ...QUICK, idleMs: 60_000, epochs: 100_000, failed });
    const traces = shop(200);
    await new TraceSender({ endpoint: trainer.address }).sendAll(traces);
    const stopped = trainer.stop();
    await until(() => (trainer.status().training?.done ?? 0) > 10, 'the network is being trained');
    trainer.abort();
    await stopped;
    expect(trainer.status()).toMatchObject({ published: 0, failed: 1 });
    const kept = await readAllTraces([path.join(failed, readdirSync(failed)[0]!)]);
    expect(kept).toHaveLength(200);
    rmSync(failed, { recursive: true });
  });

  it('gent trainer: banner, traffic, SIGTERM, exit 0, a model', async () => {
    const store = mkdtempSync(path.join(tmpdir(), 'gent-trainer-'));
    const gent = path.resolve(__dirname, '../../build/gent.cjs');
    const child = spawn(process.execPath, [
      gent,
      'trainer',
      '--listen',
      '127.0.0.1:0',
      '--store',
      store,
      '--epochs',
      '1',
    ]);
    let out = '';
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      await until(() => out.includes('Ctrl-C'), `the banner; ${log}`);
      const endpoint = /OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/.exec(out)![1]!;
      const written: string[] = [];
      const io = {
        stdout: { write: (text: string) => written.push(text) } as never,
        stderr: { write: () => true, isTTY: false } as never,
        signal: new AbortController().signal,
      };
      expect(await runCli(['demo', 'traffic', '--endpoint', endpoint, '--count', '30'], io)).toBe(0);
      expect(written.join('')).toMatch(/^sent 30 traces, \d+ spans in 1 requests/);
      child.kill('SIGTERM');
      expect(await exit).toBe(0);
      expect((await models(store))[0]).toMatchObject({ traces: 30 });
    } finally {
      child.kill('SIGKILL');
      rmSync(store, { recursive: true, force: true });
    }
  });
});

describe('configuration', () => {
  it('is refused with the setting named', async () => {
    const lines: string[] = [];
    const io = {
      stdout: { write: () => true } as never,
      stderr: { write: (text: string) => lines.push(text) } as never,
      signal: AbortSignal.abort(),
    };
    expect(await runCli(['trainer', '--batch-age', 'soon'], io)).toBe(2);
    expect(lines.join('')).toContain("--batch-age: 'soon' is no duration");
  });

  it('an address in use is an error that says so', async () => {
    const { trainer } = await startTrainer();
    const listen = new URL(trainer.address).host;
    await expect(startTrainer({ listen })).rejects.toMatchObject({ code: 'TRAINER_LISTEN' });
  });
});

describe('live traffic', () => {
  it('sends traces as they end, with times of now, until it is told to stop', async () => {
    const { trainer } = await startTrainer({ idleMs: 60_000 });
    const stop = new AbortController();
    const began = Date.now();
    const sender = new TraceSender({ endpoint: trainer.address, signal: stop.signal });
    const live = sendLive(sender, { seed: 4, rate: 60, signal: stop.signal });
    await until(() => sender.report.traces >= 60, 'traces are sent');
    expect(Date.now() - began).toBeGreaterThan(500);
    stop.abort();
    await live;
    // What was under way when it stopped may have arrived too.
    expect(trainer.status().held.openTraces).toBeGreaterThanOrEqual(sender.report.traces);
  });
});
