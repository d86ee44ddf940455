/** @file An engine behind an address: `gent serve`, or anything else that speaks Tempo's HTTP API. */
import { asGentError, GentError } from '../../common';
import {
  type CompareRequest,
  compareParams,
  type EngineDescription,
  type MetricsRequest,
  type MetricsResult,
  type Overview,
  overviewParams,
  type OverviewRequest,
  readComparison,
  readOverview,
  type SearchRequest,
  type SearchResult,
  type TagNamesRequest,
  type TagScope,
  type TagValue,
  type TagValuesRequest,
  type TimeRange,
  type TraceProvenance,
  type TraceResult,
  type TracesEngine,
  type WindowComparison,
} from '../../query';
import { attributeValue, groupSpans, newReadContext, parseOtlpProtobuf, type Trace } from '../../trace';
import type { RemoteAccess } from './access';
import { descriptionOf } from './description';
import { type Parameters, RemoteClient } from './http';
import { seriesOf, tracesOf } from './tempo-json';

const PROVENANCE_MS = 60_000;
const TRACE_ID = /^[0-9a-fA-F]{1,32}$/;
const MODEL_TAG = 'resource.gent.model';

/** Unix seconds that cover the range. */
function seconds(range: TimeRange | undefined): { start?: string; end?: string } {
  return range === undefined
    ? {}
    : { start: String(range.start / 1_000_000_000n), end: String((range.end + 999_999_999n) / 1_000_000_000n) };
}

function stats(answer: Record<string, unknown>, begin: number) {
  const metrics = (answer.metrics ?? {}) as Record<string, unknown>;
  return {
    inspectedTraces: Number(metrics.inspectedTraces ?? 0),
    inspectedSpans: Number(metrics.inspectedSpans ?? 0),
    models: 0,
    elapsedMs: performance.now() - begin,
  };
}

function traceProvenance(trace: Trace): TraceProvenance {
  for (const { resource } of trace.spans) {
    const model = attributeValue(resource.attributes, 'gent.model');
    if (typeof model === 'string') {
      return { generated: attributeValue(resource.attributes, 'gent.generated') === true, model };
    }
  }
  return { generated: false };
}

export { parseAccess, type RemoteAccess } from './access';

class RemoteEngine implements TracesEngine {
  private models: { readonly at: number; readonly ids: Promise<string[]> } | undefined;

  constructor(private readonly client: RemoteClient) {}

  async search(request: SearchRequest): Promise<SearchResult> {
    const begin = performance.now();
    const [answer, provenance] = await Promise.all([
      this.client.json(
        '/api/search',
        {
          q: request.query.trim() === '' ? '{ }' : request.query,
          limit: request.limit,
          spss: request.spansPerSpanSet,
          ...seconds(request.range),
        },
        request.signal
      ),
      this.provenance(),
    ]);
    const traces = tracesOf(answer).map((trace) => ({ ...trace, provenance }));
    return { traces, notices: [], stats: stats(answer, begin) };
  }

  async traceById(traceId: string, options: { range?: TimeRange; signal?: AbortSignal } = {}): Promise<TraceResult> {
    if (!TRACE_ID.test(traceId)) {
      throw new GentError('PLUGIN_QUERY', `${traceId.slice(0, 80)} is no trace id: up to 32 hex digits`);
    }
    const { status, bytes } = await this.client.get(`/api/traces/${traceId.toLowerCase()}`, seconds(options.range), {
      accept: 'application/protobuf',
      missing: [404],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    // tempopb.Trace is TracesData of OTLP on the wire.
    const trace = status === 404 ? undefined : groupSpans(parseOtlpProtobuf(bytes, newReadContext()))[0];
    return trace === undefined
      ? { trace: undefined, notices: [] }
      : { trace, provenance: traceProvenance(trace), notices: [] };
  }

  async tagNames(request: TagNamesRequest): Promise<Partial<Record<TagScope, string[]>>> {
    const parameters = { scope: request.scope, q: request.query, limit: request.limit, ...seconds(request.range) };
    const answer = await this.client.json('/api/v2/search/tags', parameters, request.signal);
    const scopes = (answer.scopes ?? []) as Array<{ name?: TagScope; tags?: string[] }>;
    return Object.fromEntries(scopes.map(({ name, tags }) => [name ?? '', tags ?? []]));
  }

  async tagValues(request: TagValuesRequest): Promise<TagValue[]> {
    const path = `/api/v2/search/tag/${encodeURIComponent(request.tag)}/values`;
    const parameters = { q: request.query, limit: request.limit, ...seconds(request.range) };
    const answer = await this.client.json(path, parameters, request.signal);
    const values = (answer.tagValues ?? []) as Array<{ type?: TagValue['type']; value?: string }>;
    return values.map(({ type, value }) => ({ type: type ?? 'string', value: value ?? '' }));
  }

  async metricsRange(request: MetricsRequest): Promise<MetricsResult> {
    return this.metrics('/api/metrics/query_range', request, {
      step: `${Number(request.stepNanos) / 1e9}`,
      exemplars: request.exemplars ?? 0,
    });
  }

  async metricsInstant(request: Omit<MetricsRequest, 'stepNanos'>): Promise<MetricsResult> {
    return this.metrics('/api/metrics/query', request, {}, Number(request.range.end / 1_000_000n));
  }

  async overview(request: OverviewRequest): Promise<Overview> {
    return readOverview(await this.ours('/api/gent/overview', overviewParams(request), request.signal));
  }

  async compareWindows(request: CompareRequest): Promise<WindowComparison> {
    return readComparison(await this.ours('/api/gent/compare', compareParams(request), request.signal));
  }

  /** What a `gent serve` says that it holds; of other servers only that they are reachable. */
  async describe(): Promise<EngineDescription> {
    await this.client.get('/api/echo', {});
    const { address } = this.client;
    try {
      return descriptionOf(await this.ours('/api/gent/models', {}), address);
    } catch (error) {
      if (asGentError(error).code !== 'REMOTE_UNSUPPORTED') {
        throw error;
      }
      return { kind: 'traces', location: address, models: [], skipped: [], traces: 0, spans: 0 };
    }
  }

  async close(): Promise<void> {
    this.models = undefined;
    this.client.close();
  }

  /** Asks what only a `gent serve` answers. @throws GentError REMOTE_UNSUPPORTED where the address is another server */
  private async ours(path: string, parameters: Parameters, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const answer = await this.client.json(path, parameters, signal, [404, 405, 501]);
    if (answer === undefined) {
      throw new GentError('REMOTE_UNSUPPORTED', `${this.client.address} has no ${path}`);
    }
    return answer;
  }

  private async metrics(
    path: string,
    request: Omit<MetricsRequest, 'stepNanos'>,
    more: Record<string, string | number | undefined>,
    instantMs?: number
  ): Promise<MetricsResult> {
    const begin = performance.now();
    const parameters = { q: request.query, ...seconds(request.range), ...more };
    const [answer, provenance] = await Promise.all([
      this.client.json(path, parameters, request.signal),
      this.provenance(),
    ]);
    const notices = provenance.generated
      ? [{ severity: 'info' as const, text: `Computed by GenT at ${this.client.address} from generated traces.` }]
      : [];
    return { series: seriesOf(answer, instantMs), from: 'raw', notices, stats: stats(answer, begin) };
  }

  /** Whether what the address holds is generated: generated spans name their model in their resource. */
  private async provenance(): Promise<TraceProvenance> {
    if (this.models === undefined || performance.now() - this.models.at > PROVENANCE_MS) {
      const ids = this.tagValues({ tag: MODEL_TAG, limit: 2 }).then((values) => values.map((value) => value.value));
      this.models = { at: performance.now(), ids: ids.catch(() => []) };
    }
    const [model, other] = await this.models.ids;
    return model === undefined
      ? { generated: false }
      : { generated: true, model: other === undefined ? model : 'more than one' };
  }
}

/**
 * Opens an address. Nothing is asked until the first question.
 * @param access - headers and certificates, see {@link parseAccess}
 * @throws GentError PLUGIN_SETTINGS when the address is none
 */
export function remoteEngine(address: string, access: RemoteAccess = { headers: {} }): TracesEngine {
  return new RemoteEngine(new RemoteClient(address, access));
}
