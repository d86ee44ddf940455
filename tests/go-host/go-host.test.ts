/**
 * @file The plugin under the libraries Grafana itself uses: hashicorp/go-plugin and grafana-plugin-sdk-go, driven by
 * the Go program beside this file. Skipped where Go or its modules are not at hand.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuiltPlugin, buildPlugin } from '../plugin/built';
import { FIXTURE_RANGE, fixtureNdjson, fixtureTraceId } from '../plugin/fixture';

const ROOT = path.resolve(__dirname, '../..');
const CHANNEL = 'search/A-0123456789abcdef';
/** What a browser sends with its subscription; Go reads bytes of JSON as base64. */
const STREAM = Buffer.from(JSON.stringify({ query: { query: '{ }' }, range: FIXTURE_RANGE })).toString('base64');
const BUILD_TIMEOUT_MS = 600_000;

/** Why the Go host cannot be built here; undefined when it can. */
function obstacle(): string | undefined {
  if (spawnSync('go', ['version']).status !== 0) {
    return 'Go is not installed';
  }
  const download = spawnSync('go', ['mod', 'download'], { cwd: __dirname, timeout: 120_000 });
  return download.status === 0 ? undefined : 'the Go modules cannot be downloaded';
}

const reason = obstacle();
const describeGo = reason === undefined ? describe : describe.skip;

interface Frame {
  schema: { name: string; meta?: Record<string, unknown>; fields: Array<{ name: string; type: string }> };
  data: { values: unknown[][] };
}

interface Answer {
  status: number;
  error: string;
  errorSource: string;
  contract?: string;
  frames: Frame[] | null;
}

interface Report {
  startMs: number;
  error?: string;
  killMs: number;
  graceful: boolean;
  logs: Array<Record<string, string>>;
  steps: Array<Record<string, unknown> & { failed?: string }>;
}

describeGo(`a host built of Grafana's own libraries${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let plugin: BuiltPlugin;
  let directory: string;
  let report: Report;
  let answers: Record<string, Answer>;
  let evaluated: Record<string, Answer>;

  /** What alert rules ask, with the answers that Grafana's evaluation reads. */
  const rules: Record<string, Record<string, unknown>> = {
    range: { query: '{ } | rate() by (resource.service.name)', step: '10s' },
    instant: { query: '{ } | count_over_time() by (resource.service.name, status)', metricsQueryType: 'instant' },
    total: { query: '{ } | count_over_time()', metricsQueryType: 'instant' },
    quantile: { query: '{ } | quantile_over_time(duration, .5, .99) by (name)', metricsQueryType: 'instant' },
    noRange: { query: '{ name = "no such span" } | rate() by (name)' },
    noInstant: { query: '{ name = "no such span" } | rate() by (name)', metricsQueryType: 'instant' },
    zero: { query: '{ name = "no such span" } | rate()', metricsQueryType: 'instant' },
    services: { queryType: 'serviceGraph' },
    changes: { queryType: 'compareWindows', baselineShift: '40s' },
    unchanged: { queryType: 'compareWindows', baselineShift: '7d' },
  };

  const queries: Record<string, Record<string, unknown>> = {
    search: { query: '{ }' },
    spans: { query: '{ name = "charge" } | select(resource.service.name)', tableType: 'spans' },
    raw: { query: '{ }', tableType: 'raw' },
    trace: { query: fixtureTraceId(3) },
    range: { query: '{ } | rate() by (resource.service.name)', step: '10s' },
    exemplars: { query: '{ } | rate()', step: '10s', exemplars: 5 },
    histogram: { query: '{ } | histogram_over_time(duration)', step: '30s' },
    instant: { query: '{ } | count_over_time() by (resource.service.name)', metricsQueryType: 'instant' },
    nothing: { query: '{ name = "no such span" } | rate() by (name)' },
    models: { queryType: 'models' },
    timeline: { queryType: 'models', modelsView: 'timeline' },
    operations: { queryType: 'models', modelsView: 'operations' },
    graph: { queryType: 'serviceGraph' },
    changes: { queryType: 'compareWindows', baselineShift: '20s' },
    syntax: { query: '{ oops' },
    missing: { query: 'ffffffffffffffffffffffffffffffff' },
  };

  beforeAll(() => {
    plugin = buildPlugin(ROOT, path.join(__dirname, '../plugin/raw-backend.ts'));
    directory = mkdtempSync(path.join(tmpdir(), 'gent-traces-'));
    writeFileSync(path.join(directory, 'traces.ndjson'), fixtureNdjson());
    const binary = path.join(ROOT, 'build/go-host');
    mkdirSync(path.dirname(binary), { recursive: true });
    const build = spawnSync('go', ['build', '-buildvcs=false', '-o', binary, '.'], {
      cwd: __dirname,
      encoding: 'utf8',
    });
    if (build.status !== 0) {
      throw new Error(build.stderr);
    }
    const jsonData = { store: directory };
    const run = spawnSync(binary, {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      input: JSON.stringify({
        command: plugin.executable,
        env: { GF_PLUGIN_NODE: process.execPath },
        steps: [
          { do: 'ping' },
          { do: 'health', jsonData },
          { do: 'metrics' },
          { do: 'resource', jsonData, path: 'tags', url: 'tags?scope=resource' },
          {
            do: 'query',
            jsonData,
            queries: Object.entries(queries).map(([refId, json]) => ({
              refId,
              json,
              intervalMs: 10_000,
              ...FIXTURE_RANGE,
            })),
          },
          {
            do: 'query',
            jsonData,
            headers: { FromAlert: 'true' },
            queries: Object.entries(rules).map(([refId, json]) => ({
              refId,
              json,
              intervalMs: 10_000,
              ...FIXTURE_RANGE,
            })),
          },
          { do: 'subscribe', jsonData, path: CHANNEL, body: STREAM, role: 'Viewer' },
          { do: 'subscribe', jsonData, path: CHANNEL, body: STREAM },
          { do: 'publish', jsonData, path: CHANNEL, body: STREAM, role: 'Admin' },
          { do: 'stream', jsonData, path: CHANNEL, body: STREAM, role: 'Viewer' },
          { do: 'resource', jsonData, path: 'models/upload', url: 'models/upload', method: 'POST', role: 'Viewer' },
        ],
      }),
    });
    if (run.status !== 0) {
      throw new Error(`${run.stdout}${run.stderr}`);
    }
    report = JSON.parse(run.stdout) as Report;
    answers = (report.steps[4]?.responses ?? {}) as Record<string, Answer>;
    evaluated = (report.steps[5]?.responses ?? {}) as Record<string, Answer>;
  }, BUILD_TIMEOUT_MS);

  afterAll(() => {
    plugin?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const frame = (refId: string): Frame => {
    const first = answers[refId]?.frames?.[0];
    if (first === undefined) {
      throw new Error(`${refId}: ${answers[refId]?.error}`);
    }
    return first;
  };
  const values = (refId: string, field: string) =>
    frame(refId).data.values[frame(refId).schema.fields.findIndex((one) => one.name === field)];

  test('starts it, takes every step, and ends it without force', () => {
    expect(report.error).toBeUndefined();
    expect(report.steps.map((step) => step.failed)).toEqual(new Array(11).fill(undefined));
    expect(report.graceful).toBe(true);
  });

  test('reads its log lines at the level they have', () => {
    expect(report.logs).toContainEqual(expect.objectContaining({ level: 'info', message: 'plugin started' }));
    expect(report.logs.filter((line) => line.level === 'error')).toEqual([]);
  });

  test('reads health, metrics and resources', () => {
    expect(report.steps[1]).toMatchObject({ status: 'OK', message: expect.stringContaining('240 traces') });
    expect(report.steps[2]?.text).toContain('gent_plugin_requests_total');
    const body = report.steps[3]?.body as { scopes: Array<{ name: string; tags: string[] }> };
    expect(body.scopes).toEqual([{ name: 'resource', tags: expect.arrayContaining(['service.name']) }]);
  });

  test.each(Object.keys(queries).filter((refId) => !['syntax', 'missing'].includes(refId)))(
    'decodes the frames of %s',
    (refId) => {
      expect(answers[refId]).toMatchObject({ status: 200, error: '' });
      expect(answers[refId]?.frames?.length).toBeGreaterThan(0);
    }
  );

  test('sees times, numbers and JSON as Grafana’s browser half gets them', () => {
    const types = Object.fromEntries(frame('search').schema.fields.map((field) => [field.name, field.type]));
    expect(types).toMatchObject({ traceID: 'string', startTime: 'time', traceDuration: 'number', nested: 'other' });
    expect(values('trace', 'operationName')).toHaveLength(4);
    expect(frame('trace').schema.meta).toMatchObject({ preferredVisualisationType: 'trace' });
  });

  test('reads series and numbers by the contract that alert rules rely on', () => {
    expect(answers.range?.contract).toBe('timeseries-multi: 3 series');
    expect(answers.instant?.contract).toBe('numeric-long: 3 numbers');
    expect(answers.nothing?.contract).toBe('timeseries-multi: 0 series');
    expect(answers.histogram?.contract).toMatch(/^timeseries-multi: \d+ series$/);
  });

  test('gives alert rules numbers with labels, and typed emptiness where there is nothing', () => {
    const contracts = Object.entries(evaluated).map(([refId, { contract }]) => [refId, contract]);
    expect(Object.fromEntries(contracts)).toEqual({
      range: 'timeseries-multi: 3 series',
      instant: 'numeric-long: 5 numbers',
      total: 'numeric-long: 1 numbers',
      quantile: 'numeric-long: 8 numbers',
      noRange: 'timeseries-multi: 0 series',
      noInstant: 'numeric-long: 0 numbers',
      zero: 'numeric-long: 1 numbers',
      // Rate, error rate, p50, p90 and p99 of three services.
      services: 'numeric-long: 15 numbers',
      // All traffic: the window of the baseline holds a part of it.
      changes: 'numeric-long: 1 numbers',
      unchanged: 'numeric-long: 0 numbers',
    });
    const value = evaluated.zero?.frames?.[0];
    expect(value?.data.values[value.schema.fields.findIndex((field) => field.name === 'Value')]).toEqual([0]);
  });

  test('listens to a search in parts, and may not publish', () => {
    const [viewer, nobody, publish, stream, upload] = report.steps.slice(6);
    expect([viewer?.status, nobody?.status, publish?.status]).toEqual(['OK', 'PERMISSION_DENIED', 'PERMISSION_DENIED']);
    expect(stream?.ended).toBe(false);
    const packets = stream?.packets as Frame[];
    expect(packets.at(-1)?.data.values[0]).toEqual(values('search', 'traceID'));
    expect(upload).toMatchObject({ code: 403, body: { code: 'PLUGIN_FORBIDDEN' } });
  });

  test('gets errors beside answers, each with its status', () => {
    expect(answers.syntax).toMatchObject({ status: 400, errorSource: 'downstream', frames: null });
    expect(answers.missing).toMatchObject({ status: 404, errorSource: 'downstream', frames: null });
  });
});
