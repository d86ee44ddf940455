/** @file The data source in the browser: passes queries to the backend, completes and interpolates them. */
import {
  type AdHocVariableFilter,
  CoreApp,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import {
  config,
  DataSourceWithBackend,
  getBackendSrv,
  getDataSourceSrv,
  getGrafanaLiveSrv,
  getTemplateSrv,
  HealthCheckError,
} from '@grafana/runtime';
import { defer, lastValueFrom, map, merge, type Observable, of } from 'rxjs';
import { annotationFrame, annotationSupport } from './annotations';
import { answerImport, Imports, type TraceImport } from './imports';
import { interpolateQuery } from './interpolation';
import { migrateQuery } from './migration';
import {
  Memo,
  type ModelSummary,
  type QueryCheck,
  type TagsResponse,
  type TagValue,
  type TagValuesResponse,
  type TraceqlLanguage,
} from './resources';
import { streamAnswer, type StreamKind } from './streaming';
import { completeFrames } from './traceFrames';
import { addAdHocFilters, interpolateValue, isMetricsText, isTraceId } from './traceql';
import type { CompletionSource } from './traceqlEditor';
import { DEFAULT_QUERY, type FilterValueType, type GenTOptions, type GenTQuery } from './types';
import { GenTVariableSupport } from './variables/GenTVariableSupport';

/** Milliseconds for which names and values are remembered. */
const RESOURCE_MEMORY = 30_000;
/** Whole minutes are answered from counts whatever the models; finer steps of sparse traffic would be spikes. */
const SHORTEST_STEP = '1m';
/** Fields show what went wrong themselves: no pop-up for text that is still being typed. */
const QUIETLY = { showErrorAlert: false };

export class GenTDataSource extends DataSourceWithBackend<GenTQuery, GenTOptions> {
  /** The settings of this data source that are not secret. */
  readonly options: GenTOptions;
  private readonly memo = new Memo(RESOURCE_MEMORY);
  /** Trace files that were opened in this tab. */
  readonly imports = new Imports();

  constructor(settings: DataSourceInstanceSettings<GenTOptions>) {
    super(settings);
    this.options = settings.jsonData ?? {};
    this.interval = this.options.timeInterval || SHORTEST_STEP;
    this.variables = new GenTVariableSupport(this);
    this.annotations = annotationSupport;
  }

  override getDefaultQuery(_app: CoreApp): Partial<GenTQuery> {
    return DEFAULT_QUERY;
  }

  override filterQuery(stored: GenTQuery): boolean {
    const query = migrateQuery(stored);
    if (query.hide) {
      return false;
    }
    switch (query.queryType) {
      case 'serviceGraph':
      case 'compareWindows':
        return true;
      case 'import':
        return query.importId !== undefined;
      case 'models':
        return query.modelsView !== 'operations' || Boolean(query.modelId);
      case 'search':
        return query.filters !== undefined || (query.query ?? '').trim() !== '';
      default:
        return (query.query ?? '').trim() !== '';
    }
  }

  /** What query history, the inspector and shared links call a query. */
  override getQueryDisplayText(stored: GenTQuery): string {
    const query = migrateQuery(stored);
    switch (query.queryType) {
      case 'serviceGraph':
        return query.service ? `Service graph of ${query.service}` : 'Service graph';
      case 'models':
        return query.modelsView === 'operations' ? `Operations of model ${query.modelId ?? ''}`.trim() : 'Models';
      case 'compareWindows':
        return `What changed against ${query.baselineShift || '1h'} before`;
      case 'import':
        return query.fileName === undefined ? 'Import' : `Trace of the file ${query.fileName}`;
      case 'traceId':
        return `Trace ${query.query}`;
      default:
        return query.query ?? '';
    }
  }

  override applyTemplateVariables(
    query: GenTQuery,
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): GenTQuery {
    return interpolateQuery(migrateQuery(query), getTemplateSrv(), scopedVars, filters);
  }

  override interpolateVariablesInQueries(
    queries: GenTQuery[],
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): GenTQuery[] {
    return queries.map((query) => ({
      ...this.applyTemplateVariables(query, scopedVars, filters),
      datasource: this.getRef(),
    }));
  }

  override query(request: DataQueryRequest<GenTQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map(migrateQuery);
    const kindOf = (target: GenTQuery) => (this.filterQuery(target) ? this.streamKind(target, request.app) : undefined);
    const kinds = new Map(targets.flatMap((target) => [[target, kindOf(target)] as const]));
    const streamed = targets.filter((target) => kinds.get(target) !== undefined);
    const imported = targets.filter(({ queryType, hide }) => queryType === 'import' && !hide);
    const others = targets.filter((target) => target.queryType !== 'import' && !streamed.includes(target));
    const overHttp = (some: GenTQuery[]) => super.query({ ...request, targets: some });
    const answers = streamed.map((target) =>
      streamAnswer({
        kind: kinds.get(target) ?? 'search',
        live: getGrafanaLiveSrv(),
        uid: this.uid,
        query: this.applyTemplateVariables(target, request.scopedVars, request.filters),
        range: request.range,
        pace: { intervalMs: request.intervalMs, maxDataPoints: request.maxDataPoints },
        fallback: defer(() => overHttp([target])),
      })
    );
    const files = imported.filter(this.filterQuery, this).map((target) => of(answerImport(target, this.imports)));
    const local = [...answers, ...files];
    const all = others.length > 0 || local.length === 0 ? [overHttp(others), ...local] : local;
    return merge(...all).pipe(map((response) => this.complete(response, targets)));
  }

  /** As what the answer may come in parts; undefined where it comes whole, as alert rules and annotations want it. */
  private streamKind(query: GenTQuery, app: string | undefined): StreamKind | undefined {
    const isTraceql = query.queryType === 'search' || query.queryType === 'traceql';
    const whole = app === CoreApp.UnifiedAlerting || query.annotation !== undefined;
    if (!isTraceql || whole || isTraceId(getTemplateSrv().replace(query.query))) {
      return undefined;
    }
    const kind: StreamKind = isMetricsText(query.query) ? 'metrics' : 'search';
    const instant = kind === 'metrics' && query.metricsQueryType === 'instant';
    return (query.streaming ?? this.options.streamingEnabled?.[kind] ?? false) && !instant ? kind : undefined;
  }

  private complete(response: DataQueryResponse, targets: readonly GenTQuery[]): DataQueryResponse {
    const find = (uid: string) => getDataSourceSrv().getInstanceSettings(uid);
    const frames = completeFrames(response.data, this.options, find);
    const marks = targets.filter(({ annotation }) => annotation !== undefined);
    const isMark = (refId: string | undefined) => marks.some((target) => target.refId === refId);
    const annotations = marks.map(({ refId, annotation = {} }) =>
      annotationFrame(
        frames.filter((frame) => frame.refId === refId),
        annotation
      )
    );
    return { ...response, data: [...frames.filter(({ refId }) => !isMark(refId)), ...annotations] };
  }

  /** Says once what went wrong: Grafana shows the message and, below it, the details. */
  override async testDatasource() {
    try {
      return await super.testDatasource();
    } catch (thrown) {
      const failed = thrown as { error?: unknown; message?: string };
      if (failed.error instanceof HealthCheckError) {
        const { message, details } = failed.error;
        const more = details?.message === message ? { ...details, message: undefined } : details;
        throw { ...failed, error: new HealthCheckError(message, more) };
      }
      throw thrown;
    }
  }

  /** Answers of a resource, remembered for a while. */
  private ask<T>(path: string, parameters: Record<string, string | number | undefined> = {}): Promise<T> {
    return this.memo.get(`${path}?${JSON.stringify(parameters)}`, () => this.getResource<T>(path, parameters, QUIETLY));
  }

  /** Names of attributes and intrinsics as they are written in TraceQL, e.g. `resource.service.name`. */
  async tagNames(range?: TimeRange, query?: string): Promise<string[]> {
    const response = await this.ask<TagsResponse>('tags', {
      ...(query === undefined ? {} : { q: query }),
      ...this.limits(range),
    });
    return (response.scopes ?? []).flatMap(({ name, tags }) =>
      (tags ?? []).map((tag) => (name === 'intrinsic' ? tag : `${name === 'none' ? '' : name}.${tag}`))
    );
  }

  /** Values of one attribute with their types, optionally only those of spans that match `query`. */
  async typedTagValues(tag: string, query?: string, range?: TimeRange): Promise<TagValue[]> {
    const response = await this.ask<TagValuesResponse>('tag-values', { tag, q: query, ...this.limits(range) });
    return (response.tagValues ?? []).map(({ type, value }) => ({
      type: type as FilterValueType,
      value: value ?? '',
    }));
  }

  /** Values of one attribute, optionally only those of spans that match `query`. */
  async tagValues(tag: string, query?: string, range?: TimeRange): Promise<string[]> {
    return (await this.typedTagValues(tag, query, range)).map(({ value }) => value);
  }

  private limits(range?: TimeRange): Record<string, number | undefined> {
    return {
      ...(this.options.tagLimit === undefined ? {} : { limit: this.options.tagLimit }),
      ...(range === undefined
        ? {}
        : { start: Math.floor(range.from.valueOf() / 1000), end: Math.ceil(range.to.valueOf() / 1000) }),
    };
  }

  override async getTagKeys(options?: DataSourceGetTagKeysOptions<GenTQuery>): Promise<MetricFindValue[]> {
    return (await this.tagNames(options?.timeRange)).map((text) => ({ text }));
  }

  override async getTagValues(options: DataSourceGetTagValuesOptions<GenTQuery>): Promise<MetricFindValue[]> {
    const others = addAdHocFilters('{ }', options.filters as AdHocVariableFilter[] | undefined);
    return (await this.tagValues(options.key, others, options.timeRange)).map((text) => ({ text }));
  }

  /** TraceQL's vocabulary, from the engine. */
  language(): Promise<TraceqlLanguage> {
    return this.ask<TraceqlLanguage>('language');
  }

  /** Whether a text is a query once its variables are filled in. */
  readonly checkQuery = (text: string): Promise<QueryCheck> =>
    this.getResource<QueryCheck>('check', { q: getTemplateSrv().replace(text, {}, interpolateValue) }, QUIETLY);

  /** What completion in the TraceQL field reads. */
  completionSource(range?: TimeRange): CompletionSource {
    return {
      language: () => this.language(),
      tagNames: () => this.tagNames(range),
      tagValues: (attribute, filter) => this.typedTagValues(attribute, filter, range),
      variables: () =>
        getTemplateSrv()
          .getVariables()
          .map(({ name }) => name),
    };
  }

  /** The models of the store, newest first. */
  async models(): Promise<ModelSummary[]> {
    const answer = await this.getResource<ModelSummary[] | { models?: ModelSummary[] }>('models', {}, QUIETLY);
    const models = Array.isArray(answer) ? answer : (answer.models ?? []);
    const startOf = ({ window }: ModelSummary) => BigInt(window?.start ?? 0);
    return [...models].sort((a, b) => (startOf(a) < startOf(b) ? 1 : startOf(a) > startOf(b) ? -1 : 0));
  }

  private resourceUrl(path: string): string {
    return `/api/datasources/uid/${encodeURIComponent(this.uid)}/resources/${path}`;
  }

  /** Where the file of a model can be fetched. */
  modelUrl(id: string): string {
    return `${config.appSubUrl ?? ''}${this.resourceUrl(`models/${encodeURIComponent(id)}/download`)}`;
  }

  /** Posts a file. @throws what the backend refuses it with, as fetch errors */
  private async send<T>(path: string, file: Blob): Promise<T> {
    const { data } = await lastValueFrom(
      getBackendSrv().fetch<T>({
        method: 'POST',
        url: this.resourceUrl(path),
        data: file,
        headers: { 'Content-Type': 'application/octet-stream' },
        showErrorAlert: false,
      })
    );
    return data;
  }

  /**
   * Sends a .gent file to the store.
   * @throws what the backend refuses it with, as fetch errors
   */
  async uploadModel(file: Blob): Promise<void> {
    await this.send('models/upload', file);
  }

  /**
   * Reads a trace file (OTLP, Jaeger or Zipkin; gzip or not) and keeps its traces for this tab of the browser.
   * @returns the name under which {@link imports} has it
   * @throws what the backend refuses it with, as fetch errors
   */
  async importFile(file: File): Promise<string> {
    return this.imports.add(file.name, await this.send<TraceImport>('import', file));
  }
}
