/** @file The data source in the browser: passes queries to the backend, completes and interpolates them. */
import type {
  AdHocVariableFilter,
  CoreApp,
  DataQueryRequest,
  DataSourceGetTagKeysOptions,
  DataSourceGetTagValuesOptions,
  DataSourceInstanceSettings,
  MetricFindValue,
  ScopedVars,
  TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { map } from 'rxjs';
import { withNestedFrames } from './nestedFrames';
import { addAdHocFilters, interpolateValue } from './traceql';
import { DEFAULT_QUERY, type GenTOptions, type GenTQuery } from './types';
import { GenTVariableSupport } from './variables/GenTVariableSupport';

/** Attribute and intrinsic names by scope, as the backend's `tags` resource answers. */
export interface TagsResponse {
  scopes: Array<{ name: string; tags?: string[] }>;
}

/** Values of one attribute, as the backend's `tag-values` resource answers. */
export interface TagValuesResponse {
  tagValues: Array<{ type: string; value?: string }>;
}

export class GenTDataSource extends DataSourceWithBackend<GenTQuery, GenTOptions> {
  constructor(settings: DataSourceInstanceSettings<GenTOptions>) {
    super(settings);
    this.variables = new GenTVariableSupport(this);
    // Any query whose frames have times can mark a graph; Grafana's standard support does the rest.
    this.annotations = {};
  }

  override getDefaultQuery(_app: CoreApp): Partial<GenTQuery> {
    return DEFAULT_QUERY;
  }

  override filterQuery(query: GenTQuery): boolean {
    return !query.hide && (query.queryType === 'models' || (query.query ?? '').trim() !== '');
  }

  /** What query history, the inspector and shared links call a query. */
  override getQueryDisplayText(query: GenTQuery): string {
    return query.queryType === 'models' ? 'Models' : (query.query ?? '');
  }

  override applyTemplateVariables(
    query: GenTQuery,
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): GenTQuery {
    const templates = getTemplateSrv();
    return {
      ...query,
      query: addAdHocFilters(templates.replace(query.query ?? '', scopedVars, interpolateValue), filters),
      step: query.step === undefined ? undefined : templates.replace(query.step, scopedVars),
    };
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

  override query(request: DataQueryRequest<GenTQuery>) {
    // Links from Loki's derived fields and Prometheus' exemplars carry only the text.
    const targets = request.targets.map((target) => ({ ...target, queryType: target.queryType ?? 'traceql' }));
    return super
      .query({ ...request, targets })
      .pipe(map((response) => ({ ...response, data: response.data.map(withNestedFrames) })));
  }

  /** Names of attributes and intrinsics as they are written in TraceQL, e.g. `resource.service.name`. */
  async tagNames(range?: TimeRange): Promise<string[]> {
    const response = await this.getResource<TagsResponse>('tags', rangeParameters(range));
    return (response.scopes ?? []).flatMap(({ name, tags }) =>
      (tags ?? []).map((tag) => (name === 'intrinsic' ? tag : `${name}.${tag}`))
    );
  }

  /** Values of one attribute, optionally only those of spans that match `query`. */
  async tagValues(tag: string, query?: string, range?: TimeRange): Promise<string[]> {
    const response = await this.getResource<TagValuesResponse>('tag-values', {
      tag,
      q: query,
      ...rangeParameters(range),
    });
    return (response.tagValues ?? []).map(({ value }) => value ?? '');
  }

  override async getTagKeys(options?: DataSourceGetTagKeysOptions<GenTQuery>): Promise<MetricFindValue[]> {
    return (await this.tagNames(options?.timeRange)).map((text) => ({ text }));
  }

  override async getTagValues(options: DataSourceGetTagValuesOptions<GenTQuery>): Promise<MetricFindValue[]> {
    const others = addAdHocFilters('{ }', options.filters as AdHocVariableFilter[] | undefined);
    return (await this.tagValues(options.key, others, options.timeRange)).map((text) => ({ text }));
  }
}

function rangeParameters(range?: TimeRange): Record<string, number | undefined> {
  return range === undefined
    ? {}
    : { start: Math.floor(range.from.valueOf() / 1000), end: Math.ceil(range.to.valueOf() / 1000) };
}
