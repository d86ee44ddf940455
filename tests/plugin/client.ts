/** @file The calls Grafana makes, with the context it sends, on top of the test host. */
import { create } from '@bufbuild/protobuf';
import { goPlugin, grafana, grpcHealth } from '../../pkg/proto';
import { type DecodedFrame, decodeFrame } from './decode-frame';
import type { PluginHost } from './host';

export interface DataSource {
  uid?: string;
  jsonData?: unknown;
  secure?: Record<string, string>;
  updated?: bigint;
  /** Role of who asks; null: nobody. Default Admin. */
  role?: string | null;
}

export interface Query {
  refId?: string;
  /** Sent as JSON; a string is sent as it is. */
  json: unknown;
  queryType?: string;
  /** ms since the epoch. */
  from?: number;
  to?: number;
  intervalMs?: number;
}

export interface QueryAnswer {
  status: number;
  error: string;
  errorSource: string;
  frames: DecodedFrame[];
}

const encode = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');

/** The plugin context of a data source. */
export function pluginContext(source: DataSource): grafana.PluginContext {
  return create(grafana.PluginContextSchema, {
    orgId: 1n,
    pluginId: 'gent-traces-datasource',
    ...(source.role === null ? {} : { user: { login: 'someone', name: 'Someone', role: source.role ?? 'Admin' } }),
    dataSourceInstanceSettings: {
      uid: source.uid ?? 'gent',
      name: 'GenT',
      jsonData: encode(source.jsonData ?? {}),
      decryptedSecureJsonData: source.secure ?? {},
      lastUpdatedMS: source.updated ?? 1n,
    },
  });
}

/** Whether the plugin says it serves, as go-plugin's Ping asks. */
export async function ping(host: PluginHost): Promise<boolean> {
  const request = create(grpcHealth.HealthCheckRequestSchema, { service: 'plugin' });
  const answer = (await host.call(grpcHealth.Health, 'Check', request)) as grpcHealth.HealthCheckResponse;
  return answer.status === grpcHealth.HealthCheckResponse_ServingStatus.SERVING;
}

export async function shutdown(host: PluginHost): Promise<void> {
  await host.call(goPlugin.GRPCController, 'Shutdown', create(goPlugin.EmptySchema));
}

export async function checkHealth(host: PluginHost, source: DataSource): Promise<grafana.CheckHealthResponse> {
  const request = create(grafana.CheckHealthRequestSchema, { pluginContext: pluginContext(source) });
  return (await host.call(grafana.Diagnostics, 'CheckHealth', request)) as grafana.CheckHealthResponse;
}

export async function collectMetrics(host: PluginHost): Promise<string> {
  const request = create(grafana.CollectMetricsRequestSchema);
  const answer = (await host.call(grafana.Diagnostics, 'CollectMetrics', request)) as grafana.CollectMetricsResponse;
  return Buffer.from(answer.metrics?.prometheus ?? []).toString('utf8');
}

/** The bytes of a QueryData request. */
export function queryRequest(
  source: DataSource,
  queries: Query[],
  headers: Record<string, string> = {}
): grafana.QueryDataRequest {
  return create(grafana.QueryDataRequestSchema, {
    pluginContext: pluginContext(source),
    headers,
    queries: queries.map((query, i) => ({
      refId: query.refId ?? String.fromCharCode(65 + i),
      queryType: query.queryType ?? '',
      json: encode(query.json),
      intervalMS: BigInt(query.intervalMs ?? 15_000),
      maxDataPoints: 1000n,
      timeRange: { fromEpochMS: BigInt(query.from ?? 0), toEpochMS: BigInt(query.to ?? 4_000_000_000_000) },
    })),
  });
}

/** Runs queries and decodes every frame. @returns answers by refId */
export async function queryData(
  host: PluginHost,
  source: DataSource,
  queries: Query[],
  headers: Record<string, string> = {}
): Promise<Record<string, QueryAnswer>> {
  const request = queryRequest(source, queries, headers);
  const answer = (await host.call(grafana.Data, 'QueryData', request)) as grafana.QueryDataResponse;
  return Object.fromEntries(
    Object.entries(answer.responses).map(([refId, response]): [string, QueryAnswer] => [
      refId,
      {
        status: response.status,
        error: response.error,
        errorSource: response.errorSource,
        frames: response.frames.map(decodeFrame),
      },
    ])
  );
}

/** Runs one query. */
export async function queryOne(
  host: PluginHost,
  source: DataSource,
  query: Query,
  headers: Record<string, string> = {}
): Promise<QueryAnswer> {
  const answer = (await queryData(host, source, [{ ...query, refId: 'A' }], headers)).A;
  if (answer === undefined) {
    throw new Error('no answer for A');
  }
  return answer;
}

/** Asks for a resource. The first message carries the status, the rest only more of the body. */
export async function callResource(
  host: PluginHost,
  source: DataSource,
  url: string,
  method = 'GET'
): Promise<{ status: number; body: unknown }> {
  const { status, bytes } = await callForBytes(host, source, url, method);
  return { status, body: JSON.parse(bytes.toString('utf8')) as unknown };
}

/** The same for any body, with its headers. */
export async function callForBytes(
  host: PluginHost,
  source: DataSource,
  url: string,
  method = 'GET',
  body: Uint8Array = new Uint8Array()
): Promise<{ status: number; headers: Record<string, string>; bytes: Buffer; messages: number }> {
  const request = create(grafana.CallResourceRequestSchema, {
    pluginContext: pluginContext(source),
    path: url.split('?')[0] ?? '',
    url,
    method,
    body,
  });
  const messages = (await host.stream(grafana.Resource, 'CallResource', request)) as grafana.CallResourceResponse[];
  const headers = Object.entries(messages[0]?.headers ?? {}).map(([name, list]) => [name, list.values.join(', ')]);
  return {
    status: messages[0]?.code ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    bytes: Buffer.concat(messages.map((message) => message.body)),
    messages: messages.length,
  };
}
