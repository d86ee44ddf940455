/** @file Labels of series: built in one place, for metrics over traces and for metrics from counts alike. */
import { attributeType } from './parse-field';
import type { AttributeRef } from './ast';
import type { ValueType } from './intrinsics';
import { printAttribute } from './print';
import type { SeriesLabel } from './results';
import { compareStrings } from './statics';
import { keyOf, toAnswer, type Value } from './values';

/** The name of a series without labels of its own. */
export const NAME_LABEL = '__name__';
/** What a label says where no span of the group has the attribute. */
export const NIL_LABEL = 'nil';

/** A group-by attribute of a metrics query. */
export interface GroupKey {
  /** The label's key: the attribute as written, with its scope. */
  readonly key: string;
  readonly type: ValueType;
}

export function groupKey(attribute: AttributeRef): GroupKey {
  return { key: printAttribute(attribute), type: attributeType(attribute) };
}

/** Labels of a group without those that are nil. Arrays are labelled `nil`. */
export function presentLabels(keys: readonly GroupKey[], values: readonly Value[]): SeriesLabel[] {
  const labels: SeriesLabel[] = [];
  keys.forEach(({ key, type }, i) => {
    const value = values[i];
    const answer = typeof value === 'object' ? NIL_LABEL : toAnswer(value, type);
    if (answer !== undefined) {
      labels.push({ key, value: answer });
    }
  });
  return labels;
}

/** Labels of a metrics function's series: its groups, or its name when it has none. When all are nil the first one says so. */
export function seriesLabels(name: string, keys: readonly GroupKey[], values: readonly Value[]): SeriesLabel[] {
  const [first] = keys;
  if (first === undefined) {
    return [{ key: NAME_LABEL, value: name }];
  }
  const labels = presentLabels(keys, values);
  return labels.length === 0 ? [{ key: first.key, value: NIL_LABEL }] : labels;
}

/** Identity of a set of labels, whatever their order. */
export function labelsKey(labels: readonly SeriesLabel[]): string {
  return labels
    .map(({ key, value }) => JSON.stringify([key, keyOf(value as Value)]))
    .sort()
    .join();
}

/** Identity of a group: its labels without the name and without what a function adds (`p`, `__bucket`). */
export function groupIdentity(labels: readonly SeriesLabel[]): string {
  return labelsKey(labels.filter(({ key }) => key !== NAME_LABEL && key !== 'p' && key !== '__bucket'));
}

/** A text by which series are ordered: `{a="x",b=1}`. */
export function labelsText(labels: readonly SeriesLabel[]): string {
  return `{${labels
    .map(({ key, value }) => `${key}=${typeof value === 'string' ? JSON.stringify(value) : String(value as bigint)}`)
    .join(',')}}`;
}

// What a function adds to the labels of a group, and how its series are ordered within the group.
const OWN_LABELS = new Set(['p', '__bucket']);

/** Orders series by the labels of their groups; within a group buckets rise, and quantiles stay as they were asked for. */
export function sortSeries<T extends { readonly labels: readonly SeriesLabel[] }>(series: readonly T[]): T[] {
  return series
    .map((one) => {
      const bucket = one.labels.find(({ key }) => key === '__bucket')?.value;
      return {
        one,
        text: labelsText(one.labels.filter(({ key }) => !OWN_LABELS.has(key))),
        bucket: typeof bucket === 'number' ? bucket : 0,
      };
    })
    .sort((a, b) => compareStrings(a.text, b.text) || a.bucket - b.bucket)
    .map(({ one }) => one);
}
