/** @file compare(): every attribute of the spans that are selected against those of the others. */
import { GentError, limit } from '../common';
import type { KeyValue } from '../trace';
import type { MetricsAggregate } from './ast';
import type { Place } from './access';
import { compileFilter } from './compile';
import { NIL_LABEL } from './labels';
import type { SlotSeries } from './over-time';
import { printAttribute } from './print';
import type { SeriesLabel } from './results';
import { compareStrings } from './statics';
import { keyOf, toAnswer, toValue, type Value } from './values';

type Side = 'baseline' | 'selection';

interface ValueCount {
  readonly value: SeriesLabel['value'];
  readonly text: string;
  readonly counts: Float64Array;
  total: number;
}

interface AttributeCounts {
  readonly totals: Float64Array;
  readonly values: Map<string, ValueCount>;
  /** More distinct values came than are counted. */
  tooMany: boolean;
}

/** Counts spans by each value of each attribute, on either side of the selection. */
export class CompareState {
  private readonly sides: Record<Side, Map<string, AttributeCounts>> = { baseline: new Map(), selection: new Map() };
  private readonly selected: (place: Place) => boolean;
  private held = 0;
  private readonly mostValues = limit('TRACEQL_COMPARE_VALUES');
  private readonly mostSamples = limit('TRACEQL_SAMPLES');

  constructor(
    private readonly aggregate: Extract<MetricsAggregate, { kind: 'compare' }>,
    private readonly slots: number
  ) {
    this.selected = compileFilter(aggregate.selection.expression, limit('TRACEQL_EVENT_PAIRS'));
  }

  add(place: Place, slot: number, weight: number): void {
    const { span } = place;
    const { window } = this.aggregate;
    const time = span.startTimeUnixNano;
    const inWindow = window === undefined || (time >= window.start && time <= window.end);
    const side = this.sides[inWindow && this.selected(place) ? 'selection' : 'baseline'];
    const count = (key: string, value: SeriesLabel['value'] | undefined) => {
      this.count(side, key, value, slot, weight);
    };
    this.countIntrinsics(place, count);
    this.countAttributes('span', span.attributes, count);
    this.countAttributes('resource', span.resource.attributes, count);
    this.countAttributes('instrumentation', span.scope.attributes, count);
  }

  private countIntrinsics(place: Place, count: (key: string, value: SeriesLabel['value'] | undefined) => void): void {
    const { span, view } = place;
    count('name', span.name);
    count('kind', toAnswer(span.kind, 'kind'));
    count('status', toAnswer(span.statusCode, 'status'));
    count('statusMessage', span.statusMessage);
    count('rootName', view.rootName);
    count('rootServiceName', view.rootServiceName);
    count('instrumentation:name', span.scope.name);
    count('instrumentation:version', span.scope.version);
    count('span:childCount', BigInt(view.childCount(place.index)));
  }

  private countAttributes(
    scope: 'span' | 'resource' | 'instrumentation',
    attributes: readonly KeyValue[],
    count: (key: string, value: SeriesLabel['value'] | undefined) => void
  ): void {
    attributes.forEach((attribute, i) => {
      const first = attributes.findIndex(({ key }) => key === attribute.key) === i;
      if (first) {
        const value: Value = toValue(attribute.value);
        const key = printAttribute({ scope, parent: false, name: attribute.key });
        count(key, typeof value === 'object' ? undefined : value);
      }
    });
  }

  private count(
    side: Map<string, AttributeCounts>,
    key: string,
    given: SeriesLabel['value'] | undefined,
    slot: number,
    weight: number
  ): void {
    let attribute = side.get(key);
    if (attribute === undefined) {
      attribute = { totals: new Float64Array(this.slots), values: new Map(), tooMany: false };
      side.set(key, attribute);
      this.hold();
    }
    attribute.totals[slot] = (attribute.totals[slot] ?? 0) + weight;
    const value = given ?? NIL_LABEL;
    const valueKey = keyOf(value as Value);
    let entry = attribute.values.get(valueKey);
    if (entry === undefined) {
      if (attribute.values.size >= this.mostValues) {
        attribute.tooMany = true;
        return;
      }
      const text = typeof value === 'string' ? value : String(value as bigint);
      entry = { value, text, counts: new Float64Array(this.slots), total: 0 };
      attribute.values.set(valueKey, entry);
      this.hold();
    }
    entry.counts[slot] = (entry.counts[slot] ?? 0) + weight;
    entry.total += weight;
  }

  private hold(): void {
    this.held += this.slots;
    if (this.held > this.mostSamples) {
      throw new GentError('LIMIT_EXCEEDED', `compare() holds more than TRACEQL_SAMPLES=${this.mostSamples} numbers`);
    }
  }

  merge(other: CompareState): void {
    for (const sideName of ['baseline', 'selection'] as const) {
      const side = this.sides[sideName];
      for (const [key, from] of other.sides[sideName]) {
        for (const entry of from.values.values()) {
          entry.counts.forEach((weight, slot) => {
            if (weight !== 0) {
              this.count(side, key, entry.value, slot, weight);
            }
          });
        }
        const own = side.get(key);
        if (own !== undefined && from.tooMany) {
          own.tooMany = true;
        }
      }
    }
  }

  series(): SlotSeries[] {
    const found: SlotSeries[] = [];
    for (const sideName of ['baseline', 'selection'] as const) {
      for (const [key, attribute] of this.sides[sideName]) {
        const top = [...attribute.values.values()]
          .sort((a, b) => b.total - a.total || compareStrings(a.text, b.text))
          .slice(0, Number(this.aggregate.topN));
        for (const { value, counts } of top) {
          found.push({
            labels: [
              { key: '__meta_type', value: sideName },
              { key, value },
            ],
            values: counts.slice(),
          });
        }
        found.push({
          labels: [
            { key: '__meta_type', value: `${sideName}_total` },
            { key, value: NIL_LABEL },
          ],
          values: attribute.totals.slice(),
        });
        if (attribute.tooMany) {
          found.push({
            labels: [
              { key: '__meta_type', value: sideName },
              { key: '__meta_error', value: '__too_many_values__' },
              { key, value: NIL_LABEL },
            ],
            values: attribute.totals.slice(),
          });
        }
      }
    }
    return found;
  }
}
