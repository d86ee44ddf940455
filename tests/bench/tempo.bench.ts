/**
 * @file Grafana Tempo and GenT side by side, in one run: the same traces in Tempo's blocks, as raw traces in `gent serve
 * --traces`, and as a model in `gent serve --store`; the same questions to their HTTP APIs, and whether the answers agree.
 * TEMPO_BIN names a Tempo binary; without it this is skipped.
 */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../../pkg/store';
import { readAllTraces, type Trace, traceBounds, writeTraces } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';
import { ask, difference, type Question, samples, traceIds } from './tempo/asking';
import { COMPARED_METRICS, COMPARED_SEARCHES, TIMED_METRICS, TIMED_SEARCHES } from './tempo/queries';
import { diskBytes, type Serving, startServe, startTempo } from './tempo/process';
import type { Bench, BenchRow } from './types';

declare const __benchRoot: string;

const SET = 'nezha-onlineboutique-10k';
const SECOND = 1_000_000_000n;
/** The newest trace ended this long ago: past what Tempo holds back of the present. */
const AGE = 600n * SECOND;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** The traces as if they had been recorded lately: Tempo keeps an eye on the clock. */
function moved(traces: readonly Trace[]): Trace[] {
  const last = traces.reduce((end, trace) => (traceBounds(trace).end > end ? traceBounds(trace).end : end), 0n);
  // Whole minutes, so that slots of time hold the same spans as in the file.
  const by = ((BigInt(Date.now()) * 1_000_000n - AGE - last) / (60n * SECOND)) * 60n * SECOND;
  return traces.map((trace) => ({
    ...trace,
    spans: trace.spans.map((span) => ({
      ...span,
      startTimeUnixNano: span.startTimeUnixNano + by,
      endTimeUnixNano: span.endTimeUnixNano + by,
      events: span.events.map((event) => ({ ...event, timeUnixNano: event.timeUnixNano + by })),
    })),
  }));
}

/** Addresses of requests for the time of the traces: whole minutes around them, so that all servers align slots alike. */
function addresses(traces: readonly Trace[]) {
  const bounds = traces.map(traceBounds);
  const start = bounds.reduce((least, one) => (one.start < least ? one.start : least), bounds[0]?.start ?? 0n);
  const end = bounds.reduce((most, one) => (one.end > most ? one.end : most), 0n);
  const times = { start: String((start / SECOND / 60n) * 60n), end: String((end / SECOND / 60n + 1n) * 60n) };
  const at = (path_: string, params: Record<string, string>) =>
    `${path_}?${new URLSearchParams({ ...times, ...params })}`;
  return {
    search: (q: string, limit: number) => at('/api/search', { q, limit: String(limit) }),
    range: (q: string) => at('/api/metrics/query_range', { q, step: '60s', exemplars: '0' }),
    values: (tag: string) => at(`/api/v2/search/tag/${tag}/values`, {}),
  };
}
type Addresses = ReturnType<typeof addresses>;

function questions(traces: readonly Trace[], { search, range, values }: Addresses): Question[] {
  return [
    ...TIMED_SEARCHES.map(([what, q]): Question => ({
      what: `search, limit 20: ${what}`,
      path: (i) => search(`${q} /* ${i} */`, 20),
    })),
    { what: 'search, limit 20: everything', path: (i) => search(`{ } /* ${i} */`, 20) },
    ...TIMED_METRICS.map(([what, q]): Question => ({
      what: `metrics, step 60 s: ${what}`,
      path: (i) => range(`${q} /* ${i} */`),
    })),
    { what: 'trace by id', path: (i) => `/api/traces/${traces[(i * 7919) % traces.length]?.traceId ?? ''}` },
    { what: 'values of a tag', path: () => values('resource.service.name') },
  ];
}

/** How many answers over raw traces are Tempo's, and which are not. */
async function answersRow({ search, range }: Addresses, most: number, tempo: string, raw: string): Promise<BenchRow> {
  const asked = [
    ...[...TIMED_SEARCHES.map(([, q]) => q), ...COMPARED_SEARCHES].map((q) => ({
      q,
      at: search(q, most),
      of: traceIds,
    })),
    ...[...TIMED_METRICS.map(([, q]) => q), ...COMPARED_METRICS].map((q) => ({ q, at: range(q), of: samples })),
  ];
  const others: string[] = [];
  let things = 0;
  for (const { q, at, of } of asked) {
    const theirs = of((await ask(tempo, at)).body);
    const differs = difference(theirs, of((await ask(raw, at)).body));
    things += theirs.size;
    if (differs !== '') {
      others.push(`${q}: ${differs}`);
    }
  }
  const note = `of ${asked.length}; ${things} traces and samples compared${others.length === 0 ? '' : `; not: ${others.join('; ')}`}`;
  return {
    what: 'answers of GenT over raw traces that are those of Tempo',
    value: asked.length - others.length,
    unit: 'answers',
    note,
  };
}

/** A model's own traces have other ids than those it learnt from. */
async function ofModel(question: Question, url: string, all: string): Promise<Question> {
  if (question.what !== 'trace by id') {
    return question;
  }
  const { body } = await ask(url, all);
  const ids = [...traceIds(body).keys()];
  return { ...question, path: (i) => `/api/traces/${ids[(i * 7919) % ids.length] ?? ''}` };
}

async function timed(url: string, question: Question, times: number): Promise<{ first: number; median: number }> {
  const values: number[] = [];
  for (let i = 0; i <= times; i++) {
    values.push((await ask(url, question.path(i))).ms);
  }
  const [first = NaN, ...rest] = values;
  return { first, median: median(rest) };
}

async function trainedStore(traces: readonly Trace[], location: string, quick: boolean): Promise<number> {
  const batch = newTrainingBatch();
  traces.forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), quick ? { epochs: 1 } : {});
  const store = await openStore(location, { create: true });
  await store.publish(bytes);
  await store.close();
  return bytes.length;
}

interface Servers {
  readonly tempo: Serving;
  readonly raw: Serving;
  readonly models: Serving;
}

export const bench: Bench = {
  name: 'tempo',
  async run({ dataDir, quick, log }) {
    const program = process.env.TEMPO_BIN;
    const file = path.join(dataDir ?? '', `${SET}.otlp.ndjson.gz`);
    if (program === undefined || !existsSync(program)) {
      log('skipped: TEMPO_BIN does not name a Tempo binary');
      return [];
    }
    if (dataDir === undefined || !existsSync(file)) {
      log(`skipped: ${file} is not there`);
      return [];
    }
    const scratch = mkdtempSync(path.join(tmpdir(), 'gent-tempo-bench-'));
    const running: Serving[] = [];
    const started = async <T extends Serving>(one: Promise<T>): Promise<T> => {
      running.push(await one);
      return one;
    };
    try {
      const all = await readAllTraces(file);
      const traces = moved(quick ? all.slice(0, 1000) : all);
      const recent = path.join(scratch, 'traces.ndjson.gz');
      await writeTraces(recent, traces);
      const rows: BenchRow[] = [];
      const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
      rows.push({
        what: 'spans',
        value: spans,
        unit: 'spans',
        note: `${traces.length} traces of ${SET}, moved to the present`,
      });
      log('Tempo: taking in');
      const tempo = await started(startTempo(program, path.join(scratch, 'tempo')));
      const seconds = await tempo.fill(traces);
      rows.push({ what: 'Tempo: sending', value: seconds, unit: 's', note: 'until acknowledged' });
      log('GenT: training');
      const store = path.join(scratch, 'models');
      const model = await trainedStore(traces, store, quick);
      const blocks = diskBytes(tempo.blocks);
      rows.push({ what: 'disk: Tempo', value: blocks / 1e6, unit: 'MB', note: 'blocks in the backend' });
      rows.push({ what: 'disk: raw traces', value: statSync(recent).size / 1e6, unit: 'MB', note: 'OTLP/JSON, gzip' });
      rows.push({
        what: 'disk: model',
        value: model / 1e6,
        unit: 'MB',
        note: `1/${Math.round(blocks / model)} of Tempo's blocks`,
      });
      const gent = path.join(__benchRoot, 'build/gent.cjs');
      const servers: Servers = {
        tempo,
        raw: await started(startServe(gent, ['--traces', recent])),
        models: await started(startServe(gent, ['--store', store])),
      };
      const at = addresses(traces);
      const asked = questions(traces, at);
      const times = quick ? 3 : 9;
      for (const question of asked) {
        log(question.what);
        const theirs = await timed(tempo.url, question, times);
        const raw = await timed(servers.raw.url, question, times);
        const models = await timed(
          servers.models.url,
          await ofModel(question, servers.models.url, at.search('{ }', 500)),
          times
        );
        const row = (who: string, { first, median: value }: typeof theirs) =>
          rows.push({
            what: `${question.what}: ${who}`,
            value,
            unit: 'ms',
            note: `${ratio(theirs.median / value)} Tempo's speed; first time ${first.toPrecision(3)} ms`,
          });
        row('Tempo', theirs);
        row('GenT, raw traces', raw);
        row('GenT, model', models);
      }
      log('comparing answers');
      rows.push(await answersRow(at, traces.length + 1, tempo.url, servers.raw.url));
      return rows.map((one) => ({ ...one, value: Number(one.value.toPrecision(4)) }));
    } finally {
      await Promise.all(running.map((one) => one.stop()));
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

const ratio = (times: number): string => `${times >= 10 ? Math.round(times) : Number(times.toPrecision(2))} ×`;
