/**
 * @file What a query wants to know of spans beyond their class: durations and span attributes. Whoever draws spans field
 * by field can decide from these alone which traces are worth drawing whole.
 */
import { limit } from '../common';
import type { AttributeRef, FieldExpr, Query, Stage, Static } from './ast';
import { visitAttributes } from './compile';
import { isComparison } from './fold';
import { boundsDuration, filtersIn, pipelinesIn } from './push-down';

/** What decides about spans of a class. */
export interface DrawnConditions {
  /**
   * Whole ns, rising: all durations from one to the next (excluded) answer every comparison of the query alike.
   * Empty: durations decide nothing.
   */
  readonly durationBreaks: readonly number[];
  /** Whether durations of all spans that a filter lets through are added up or compared, not only those in filters. */
  readonly aggregatesDuration: boolean;
  /** Keys of span attributes that filters ask for. */
  readonly spanKeys: ReadonlySet<string>;
  /** Whether filters ask for attributes of resources or events: their values are not drawn, but not all are possible. */
  readonly asksOthers: boolean;
}

function isDuration(expression: FieldExpr | undefined): boolean {
  return expression?.kind === 'attribute' && expression.attribute.intrinsic === 'duration';
}

/** Adds the durations at which a comparison with the literal can change its answer. */
function addBreaks(literal: Static, breaks: Set<number>): void {
  if (literal.type !== 'duration' && literal.type !== 'int' && literal.type !== 'float') {
    return;
  }
  const value = Number(literal.value);
  // Beyond 2^53 numbers of ns are not exact: such literals decide nothing here.
  if (Math.abs(value) < Number.MAX_SAFE_INTEGER) {
    breaks.add(Math.ceil(value)).add(Math.floor(value) + 1);
  }
}

function visitComparisons(expression: FieldExpr, breaks: Set<number>): void {
  if (expression.kind === 'unary') {
    visitComparisons(expression.operand, breaks);
  } else if (expression.kind === 'binary') {
    const { left, right } = expression;
    if (isComparison(expression.operator)) {
      if (isDuration(left) && right.kind === 'static') {
        addBreaks(right.value, breaks);
      } else if (isDuration(right) && left.kind === 'static') {
        addBreaks(left.value, breaks);
      }
    }
    visitComparisons(left, breaks);
    visitComparisons(right, breaks);
  }
}

/** @returns whether there is such a stage */
function visitScalars(stages: readonly Stage[], breaks: Set<number>): boolean {
  let found = false;
  for (const stage of stages) {
    if (stage.kind === 'scalarFilter') {
      if (boundsDuration(stage.left) && stage.right.kind === 'scalar') {
        addBreaks(stage.right.value, breaks);
        found = true;
      }
    } else if (stage.kind === 'pipeline') {
      found = visitScalars(stage.stages, breaks) || found;
    } else if (stage.kind === 'operation') {
      found = visitScalars([stage.left, stage.right], breaks) || found;
    }
  }
  return found;
}

/** The durations and attributes that decide about spans; undefined: none does. */
export function drawnConditions(query: Query): DrawnConditions | undefined {
  const breaks = new Set<number>();
  const spanKeys = new Set<string>();
  let aggregatesDuration = false;
  let asksOthers = false;
  const visit = ({ scope, name, intrinsic }: AttributeRef): void => {
    if (intrinsic === undefined && (scope === 'span' || scope === 'none')) {
      spanKeys.add(name);
    }
    const ofOthers = intrinsic === undefined && (scope === 'resource' || scope === 'event');
    // The service's name is known of each class.
    asksOthers ||= intrinsic === 'event:name' || (ofOthers && name !== 'service.name');
  };
  for (const stages of pipelinesIn(query)) {
    for (const { expression } of filtersIn(stages)) {
      visitComparisons(expression, breaks);
      visitAttributes(expression, visit);
    }
    aggregatesDuration = visitScalars(stages, breaks) || aggregatesDuration;
  }
  // Durations are not negative, so a break at 0 parts nothing from nothing.
  const durationBreaks = [...breaks].filter((value) => value > 0).sort((a, b) => a - b);
  if (durationBreaks.length > limit('QUERY_DURATION_BREAKS')) {
    durationBreaks.length = 0;
  }
  return durationBreaks.length === 0 && spanKeys.size === 0 && !asksOthers
    ? undefined
    : { durationBreaks, aggregatesDuration, spanKeys, asksOthers };
}
