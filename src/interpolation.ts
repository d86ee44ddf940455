/** @file Template variables and ad hoc filters, written into every field of a query. */
import type { AdHocVariableFilter, ScopedVars } from '@grafana/data';
import type { TemplateSrv } from '@grafana/runtime';
import { addAdHocFilters, interpolateValue, traceqlFromFilters, valuesOf } from './traceql';
import type { GenTQuery, TraceFilter } from './types';

/** Combinations of variables in one value at most. */
const MAX_VALUES = 1000;

/** The texts that `text` stands for: one for each value of the variables in it. */
function expand(text: string, templates: TemplateSrv, scopedVars: ScopedVars): { values: string[]; asRegex: boolean } {
  const found: string[][] = [];
  const collect = (value: string | string[] | number) => {
    found.push((Array.isArray(value) ? value : [value]).map(String));
    return '';
  };
  templates.replace(text, scopedVars, collect);
  const count = found.reduce((product, values) => product * Math.max(1, values.length), 1);
  if (found.length === 0 || count > MAX_VALUES) {
    const replaced = templates.replace(text, scopedVars, interpolateValue);
    // A custom "All" value is given as it was written: it is meant for regular expressions.
    return { values: [replaced], asRegex: replaced !== text };
  }
  const values: string[] = [];
  for (let pick = 0; pick < count; pick++) {
    let rest = pick;
    let at = 0;
    const choose = () => {
      const options = found[at++] ?? [''];
      const chosen = options[rest % options.length] ?? '';
      rest = Math.floor(rest / options.length);
      return chosen;
    };
    values.push(templates.replace(text, scopedVars, choose));
  }
  return { values, asRegex: false };
}

function interpolateFilter(filter: TraceFilter, templates: TemplateSrv, scopedVars: ScopedVars): TraceFilter {
  const given = valuesOf(filter);
  if (!given.some((value) => value.includes('$') || value.includes('[['))) {
    return filter;
  }
  if (filter.operator === '=~' || filter.operator === '!~') {
    // Inside a regular expression several values are alternatives; a literal's own escapes are added when it is written.
    const unescape = (text: string) => text.replace(/\\(["\\])/g, '$1');
    return { ...filter, value: given.map((value) => unescape(templates.replace(value, scopedVars, interpolateValue))) };
  }
  const expanded = given.map((value) => expand(value, templates, scopedVars));
  const asRegex = expanded.some((one) => one.asRegex) && (filter.operator === '=' || filter.operator === '!=');
  return {
    ...filter,
    operator: asRegex ? (filter.operator === '=' ? '=~' : '!~') : filter.operator,
    value: [...new Set(expanded.flatMap(({ values }) => values))],
  };
}

/** The query with its variables filled in and the dashboard's ad hoc filters added. */
export function interpolateQuery(
  query: GenTQuery,
  templates: TemplateSrv,
  scopedVars: ScopedVars,
  adHocFilters?: AdHocVariableFilter[]
): GenTQuery {
  const replace = (text: string | undefined) => (text ? templates.replace(text, scopedVars) : text);
  // Names in a list, as the service graph reads several services.
  const replaceNames = (text: string | undefined) => (text ? templates.replace(text, scopedVars, 'pipe') : text);
  const filters = query.filters?.map((filter) => interpolateFilter(filter, templates, scopedVars));
  const text =
    query.queryType === 'search' && filters !== undefined
      ? traceqlFromFilters(filters)
      : templates.replace(query.query ?? '', scopedVars, interpolateValue);
  return {
    ...query,
    query: addAdHocFilters(text, adHocFilters),
    ...(filters === undefined ? {} : { filters }),
    step: replace(query.step),
    service: replaceNames(query.service),
    modelId: replace(query.modelId),
    baselineShift: replace(query.baselineShift),
  };
}
