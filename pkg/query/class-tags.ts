/** @file Tag values as a model lists them: of every model of a range, without writing a trace. */
import type { SpanClass, TraceGenerator } from '../generate';
import type { AttributeValue } from '../trace';
import { compileTagPredicate, type AttributeRef, type Query } from '../traceql';
import type { TimeRange } from './types';

const NANOS = 1_000_000_000n;

/** Whether spans of a class begin in the range, by whole time buckets. */
function occurs(model: TraceGenerator, { id }: SpanClass, range: TimeRange | undefined): boolean {
  const { offsets, buckets, counts, bucketSeconds } = model.spanCounts;
  const width = BigInt(bucketSeconds) * NANOS;
  for (let i = offsets[id] ?? 0; i < (offsets[id + 1] ?? 0); i++) {
    const start = BigInt(buckets[i] ?? 0) * width;
    if ((counts[i] ?? 0) > 0 && (range === undefined || (start < range.end && start + width > range.start))) {
      return true;
    }
  }
  return false;
}

function valuesOf(model: TraceGenerator, spanClass: SpanClass, tag: AttributeRef): readonly AttributeValue[] {
  switch (tag.intrinsic) {
    case undefined:
      break;
    case 'name':
      return [spanClass.name];
    case 'rootName':
      return [spanClass.rootName];
    case 'rootServiceName':
      return [spanClass.rootService];
    default:
      return [];
  }
  const of = (scope: 'span' | 'resource'): readonly AttributeValue[] => [
    ...model.valuesOf(spanClass.id, scope, tag.name).values,
    ...(scope === 'resource' ? spanClass.resourceConstants : []).flatMap(({ key, value }) =>
      key === tag.name ? [value] : []
    ),
  ];
  switch (tag.scope) {
    case 'span':
    case 'resource':
      return of(tag.scope);
    case 'none':
      return [...of('span'), ...of('resource')];
    default:
      return [];
  }
}

/**
 * Lists the values a model knows of a tag.
 * @returns a function that hands on the values of the classes of spans that surely match the query; undefined where no
 * class can tell
 */
export function classTags(
  query: Query,
  tag: AttributeRef,
  include: (values: readonly AttributeValue[]) => void
): ((model: TraceGenerator, range: TimeRange | undefined) => void) | undefined {
  const matches = compileTagPredicate(query);
  if (matches === undefined) {
    return undefined;
  }
  return (model, range) => {
    for (const spanClass of model.classes) {
      if (matches(spanClass) === 'yes' && occurs(model, spanClass, range)) {
        include(valuesOf(model, spanClass, tag));
      }
    }
  };
}
