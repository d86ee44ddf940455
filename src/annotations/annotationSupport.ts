/** @file How Grafana asks for annotations. Their rows are made in the data source's query, see annotationFrame. */
import type { AnnotationQuery, AnnotationSupport } from '@grafana/data';
import type { GenTQuery } from '../types';
import { AnnotationQueryEditor } from './AnnotationQueryEditor';

const DEFAULT: Partial<GenTQuery> = { queryType: 'traceql', query: '{ status = error }', limit: 100, annotation: {} };

/** As stored. Before it asks, Grafana adds the fields of the default query to the annotation itself. */
interface Stored extends AnnotationQuery<GenTQuery> {
  query?: unknown;
}

/**
 * The annotation with its query under `target`: what Grafana, or an older dashboard, wrote beside it is taken when there
 * is no target. The same object when there is nothing to change.
 */
export function prepareAnnotation(stored: Stored): AnnotationQuery<GenTQuery> {
  if (typeof stored.query !== 'string') {
    return stored;
  }
  const { query: _, queryType, limit, annotation, ...rest } = stored as Stored & Partial<GenTQuery>;
  const target: GenTQuery = rest.target ?? { refId: 'Anno', queryType, query: stored.query, limit, annotation };
  return { ...rest, target } as AnnotationQuery<GenTQuery>;
}

export const annotationSupport: AnnotationSupport<GenTQuery> = {
  QueryEditor: AnnotationQueryEditor as AnnotationSupport<GenTQuery>['QueryEditor'],
  getDefaultQuery: () => DEFAULT,
  prepareAnnotation,
  // An answer without these options is that of a panel.
  prepareQuery: ({ target }) => target && { ...target, annotation: target.annotation ?? {} },
};
