/** @file Template variables: names, the values of one attribute, services, the operations of a service, models. */
import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type ScopedVars,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, type Observable } from 'rxjs';
import type { GenTDataSource } from '../datasource';
import { modelLabel } from '../resources';
import { interpolateValue, quote, splitAttribute } from '../traceql';
import type { FilterScope, GenTOptions, GenTQuery } from '../types';
import { VariableQueryEditor } from './VariableQueryEditor';

export type VariableType = 'names' | 'values' | 'services' | 'operations' | 'models';

export interface GenTVariableQuery extends Omit<GenTQuery, 'query'> {
  type: VariableType;
  /** `values`: a TraceQL attribute or intrinsic, e.g. `resource.service.name`. */
  label?: string;
  /** `names`: only attributes of this scope. */
  scope?: FilterScope;
  /** `values`: a TraceQL filter that the spans with the value must match. */
  filter?: string;
  /** `operations`: the service whose span names are listed; several separated by `|`. */
  service?: string;
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

  private async run({ targets, range, scopedVars }: DataQueryRequest<GenTVariableQuery>): Promise<DataQueryResponse> {
    const [target] = targets;
    if (target === undefined) {
      return { data: [] };
    }
    if (target.type === 'models') {
      const models = await this.datasource.models();
      return { data: models.map((model) => ({ text: modelLabel(model), value: model.id })) };
    }
    return { data: (await this.texts(target, range, scopedVars)).map((text) => ({ text })) };
  }

  private async texts(
    target: GenTVariableQuery,
    range: DataQueryRequest['range'],
    scopedVars: ScopedVars
  ): Promise<string[]> {
    const fill = (text: string | undefined) =>
      text ? getTemplateSrv().replace(text, scopedVars, interpolateValue) : undefined;
    switch (target.type) {
      case 'names': {
        const names = await this.datasource.tagNames(range);
        return names.filter((name) => target.scope === undefined || splitAttribute(name).scope === target.scope);
      }
      case 'services':
        return this.datasource.tagValues('resource.service.name', fill(target.filter), range);
      case 'operations': {
        const { service = '' } = target;
        // A variable may hold several services; Grafana escapes its values.
        const filled = getTemplateSrv().replace(service, scopedVars, 'regex');
        const operator = filled === service ? '=' : '=~';
        const filter = service === '' ? undefined : `{ resource.service.name ${operator} ${quote(filled)} }`;
        return this.datasource.tagValues('name', filter, range);
      }
      default: {
        const label = fill(target.label);
        return label ? this.datasource.tagValues(label, fill(target.filter), range) : [];
      }
    }
  }
}
