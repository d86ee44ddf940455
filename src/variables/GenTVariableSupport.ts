/** @file Template variables: attribute names, or the values of one attribute. */
import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
} from '@grafana/data';
import { from, type Observable } from 'rxjs';
import type { GenTDataSource } from '../datasource';
import type { GenTOptions, GenTQuery } from '../types';
import { VariableQueryEditor } from './VariableQueryEditor';

export interface GenTVariableQuery extends Omit<GenTQuery, 'query'> {
  /** `names`: attribute names; `values`: the values of `label`. */
  type: 'names' | 'values';
  /** A TraceQL attribute or intrinsic, e.g. `resource.service.name`. */
  label?: string;
  /** A TraceQL filter that the spans with the value must match. */
  filter?: string;
}

export class GenTVariableSupport extends CustomVariableSupport<
  DataSourceApi<GenTQuery, GenTOptions>,
  GenTVariableQuery,
  GenTQuery,
  GenTOptions
> {
  override editor = VariableQueryEditor;

  constructor(private readonly datasource: GenTDataSource) {
    super();
  }

  override getDefaultQuery(): Partial<GenTVariableQuery> {
    return { type: 'values', label: 'resource.service.name' };
  }

  override query(request: DataQueryRequest<GenTVariableQuery>): Observable<DataQueryResponse> {
    return from(this.run(request));
  }

  private async run(request: DataQueryRequest<GenTVariableQuery>): Promise<DataQueryResponse> {
    const [target] = request.targets;
    if (target === undefined || (target.type === 'values' && !target.label)) {
      return { data: [] };
    }
    const texts =
      target.type === 'names'
        ? await this.datasource.tagNames(request.range)
        : await this.datasource.tagValues(target.label ?? '', target.filter, request.range);
    return { data: texts.map((text) => ({ text })) };
  }
}
