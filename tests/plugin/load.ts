/** @file A mixed load on the plugin: what panels, editors, alert rules and Explore ask in turn, no question twice. */
import { create } from '@bufbuild/protobuf';
import { grafana } from '../../pkg/proto';
import { callResource, checkHealth, type DataSource, pluginContext, queryOne, queryRequest } from './client';
import { FIXTURE_RANGE } from './fixture';
import type { PluginHost } from './host';

/** What a process holds after its garbage is collected, bytes. */
export interface Heap {
  /** Heap and buffers, without `code`. */
  readonly used: number;
  /** Machine code that V8 made of what runs often: more of it the longer the process runs, but bounded by the program. */
  readonly code: number;
  /** The part of `used` that lies outside of V8's heap. */
  readonly buffers: number;
  readonly rss: number;
}

/** Asks a process of the entry gc-backend.ts. */
export async function heapOf(host: PluginHost): Promise<Heap> {
  const before = host.logs.length;
  host.process.kill('SIGUSR2');
  for (;;) {
    const line = host.logs.slice(before).find((one) => one['@message'] === 'heap');
    if (line !== undefined) {
      const [used = 0, code = 0, buffers = 0, rss = 0] = [line.used, line.code, line.buffers, line.rss].map(Number);
      return { used: used - code, code, buffers, rss };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function streamOnce(host: PluginHost, source: DataSource, query: string): Promise<void> {
  const request = create(grafana.RunStreamRequestSchema, {
    pluginContext: pluginContext(source),
    path: 'search/A-0123456789abcdef',
    data: Buffer.from(JSON.stringify({ query: { query, limit: 5 }, range: FIXTURE_RANGE })),
  });
  const call = host.open(grafana.Stream, 'RunStream', request);
  call.on('error', () => undefined);
  await new Promise((resolve) => call.once('data', resolve));
  call.cancel();
}

/** Asks question number `i`. @param traceIds - that the store answers */
export async function askOne(
  host: PluginHost,
  source: DataSource,
  i: number,
  traceIds: readonly string[]
): Promise<void> {
  const query = (json: unknown, headers: Record<string, string> = {}) =>
    queryOne(host, source, { json, ...FIXTURE_RANGE, from: FIXTURE_RANGE.from - (i % 50) * 1000 }, headers);
  switch (i % 12) {
    case 0:
      await query({ query: traceIds[i % traceIds.length] });
      break;
    case 1:
      await query({ query: `{ duration > ${i}us }` });
      break;
    case 2:
      await query({ query: `{ name =~ ".*${i}.*|charge" } | select(span.http.route)`, tableType: 'spans' });
      break;
    case 3:
      await query({ query: '{ } | rate() by (resource.service.name)', step: `${1 + (i % 60)}s` });
      break;
    case 4:
      await query({ query: `{ duration > ${i}us } | quantile_over_time(duration, .9) by (name)`, step: '20s' });
      break;
    case 5:
      await query({ queryType: 'serviceGraph' });
      break;
    case 6:
      await query({ queryType: 'compareWindows', baselineShift: `${1 + (i % 40)}s` });
      break;
    case 7:
      await query({ query: `{ .oops${i} = "x" && ` });
      break;
    case 8:
      await callResource(host, source, `tag-values?tag=name&q=${encodeURIComponent(`{ duration > ${i}us }`)}`);
      break;
    case 9:
      await streamOnce(host, source, `{ duration > ${i}us }`);
      break;
    case 10:
      await host.cancelled(
        grafana.Data,
        'QueryData',
        queryRequest(source, [
          { json: { query: `{ duration > ${i}us } | avg_over_time(duration)` }, ...FIXTURE_RANGE },
        ]),
        1
      );
      break;
    default:
      await (i % 5 === 0 ? checkHealth(host, source) : query({ query: '{ } | rate()' }, { FromAlert: 'true' }));
  }
}

/** Settings under which caches are full soon, so that what grows after that is a leak. */
export const SMALL_CACHES = {
  env: {
    GF_PLUGIN_LIMIT_QUERY_VERDICT_CACHE_BYTES: '100000',
    GF_PLUGIN_LIMIT_QUERY_OVERVIEW_CACHE_BYTES: '50000',
    GF_PLUGIN_LIMIT_TRACEQL_REGEX_CACHE: '50',
  },
  limits: { cacheMegabytes: 0.2 },
};
