/** @file Which attributes a query mentions: they come back with the spans of its answer. */
import type { AttributeRef, FieldExpr, MetricsExpr, Query, ScalarExpr, Stage } from './ast';
import { visitAttributes } from './compile';
import { printAttribute } from './print';

function visitScalar(scalar: ScalarExpr, expression: (field: FieldExpr) => void): void {
  switch (scalar.kind) {
    case 'aggregate':
      if (scalar.expression !== undefined) {
        expression(scalar.expression);
      }
      return;
    case 'arithmetic':
      visitScalar(scalar.left, expression);
      visitScalar(scalar.right, expression);
      return;
    case 'scalarPipeline':
    case 'scalar':
      return;
  }
}

function visitStage(stage: Stage, visit: (attribute: AttributeRef) => void): void {
  const expression = (field: FieldExpr) => {
    visitAttributes(field, visit);
  };
  switch (stage.kind) {
    case 'filter':
    case 'by':
      expression(stage.expression);
      return;
    case 'operation':
      visitStage(stage.left, visit);
      visitStage(stage.right, visit);
      return;
    case 'pipeline':
      stage.stages.forEach((inner) => {
        visitStage(inner, visit);
      });
      return;
    case 'scalarFilter':
      visitScalar(stage.left, expression);
      visitScalar(stage.right, expression);
      return;
    case 'select':
      stage.attributes.forEach(visit);
      return;
    case 'coalesce':
      return;
  }
}

/** The attributes of some stages, each once, in the order they first appear. */
export function mentionedIn(stages: readonly Stage[]): AttributeRef[] {
  const found = new Map<string, AttributeRef>();
  for (const stage of stages) {
    visitStage(stage, (attribute) => {
      const key = `${printAttribute(attribute)}|${attribute.intrinsic ?? ''}`;
      if (!found.has(key)) {
        found.set(key, attribute);
      }
    });
  }
  return [...found.values()];
}

/** The stages that choose spans: of the first pipeline of a metrics query, or the whole search. */
export function spansetStages(query: Query): readonly Stage[] {
  if (query.kind === 'search') {
    return query.stages;
  }
  let metrics: MetricsExpr = query.metrics;
  while (metrics.kind === 'math') {
    metrics = metrics.left.kind === 'number' ? metrics.right : metrics.left;
  }
  return metrics.kind === 'metrics' ? metrics.stages : [];
}
