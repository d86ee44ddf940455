/** @file Series → series: topk, bottomk, comparisons, and arithmetic between series. */
import type { MathOperator, SecondStage } from './ast';
import { calculatedBounds } from './bands';
import { labelsKey, NAME_LABEL } from './labels';
import type { Bounds } from './confidence';
import type { SlotSeries } from './over-time';
import type { SeriesLabel } from './results';
import { compareNumbers, compareStrings } from './statics';

/** Keeps only slots with data; series without any vanish. */
function nonEmpty(series: SlotSeries[]): SlotSeries[] {
  return series.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
}

// What ties are decided by, label after label: text, then key, then type, then the bits of the number.
interface TieKey {
  readonly text: string;
  readonly key: string;
  readonly type: number;
  readonly bits: bigint;
}

const floatBits = new DataView(new ArrayBuffer(8));

function tieKey({ key, value }: SeriesLabel): TieKey {
  switch (typeof value) {
    case 'string':
      return { text: value, key, type: 3, bits: 0n };
    case 'boolean':
      return { text: '', key, type: 4, bits: value ? 1n : 0n };
    case 'bigint':
      return { text: '', key, type: 1, bits: BigInt.asUintN(64, value) };
    case 'number':
      floatBits.setFloat64(0, value);
      return { text: '', key, type: 2, bits: floatBits.getBigUint64(0) };
    default:
      return { text: '', key, type: 0, bits: 0n };
  }
}

const NO_LABEL: TieKey = { text: '', key: '', type: 0, bits: 0n };

// Positive: a is taken before b by topk when their values are equal.
function tieOrder(a: readonly TieKey[], b: readonly TieKey[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i] ?? NO_LABEL;
    const y = b[i] ?? NO_LABEL;
    const order = compareStrings(y.text, x.text) || compareStrings(y.key, x.key) || x.type - y.type;
    if (order !== 0) {
      return order;
    }
    if (x.bits !== y.bits) {
      return x.bits > y.bits ? 1 : -1;
    }
  }
  return 0;
}

interface Ranked {
  readonly i: number;
  readonly value: number;
  readonly tie: readonly TieKey[];
}

function keepInSlot(
  series: readonly SlotSeries[],
  limit: number,
  before: (a: Ranked, b: Ranked) => number
): SlotSeries[] {
  const kept = series.map((one) => ({ ...one, values: new Float64Array(one.values.length).fill(NaN) }));
  const ties = series.map(({ labels }) => labels.map(tieKey));
  const slots = series[0]?.values.length ?? 0;
  for (let slot = 0; slot < slots; slot++) {
    series
      .map(({ values }, i): Ranked => ({ i, value: values[slot] ?? NaN, tie: ties[i] ?? [] }))
      .filter(({ value }) => !Number.isNaN(value))
      .sort(before)
      .slice(0, limit)
      .forEach(({ i, value }) => {
        const target = kept[i];
        if (target !== undefined) {
          target.values[slot] = value;
        }
      });
  }
  return nonEmpty(kept);
}

// Infinity minus infinity is no order.
function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Applies second stages in order. Ties at topk go to the first texts in alphabetical order and the greatest numbers; at bottomk the reverse. */
export function applyStages(series: readonly SlotSeries[], stages: readonly SecondStage[]): SlotSeries[] {
  let current: SlotSeries[] = [...series];
  for (const stage of stages) {
    if (stage.kind === 'metricsFilter') {
      const { operator, value: wanted } = stage;
      current = nonEmpty(
        current.map((one) => ({
          ...one,
          values: one.values.map((value) => (compareNumbers(operator, value, wanted) ? value : NaN)),
        }))
      );
    } else {
      const limit = Number(stage.limit);
      current =
        stage.kind === 'topk'
          ? keepInSlot(current, limit, (a, b) => order(b.value, a.value) || tieOrder(b.tie, a.tie))
          : keepInSlot(current, limit, (a, b) => order(a.value, b.value) || tieOrder(a.tie, b.tie));
    }
  }
  return current;
}

/** One operation; division by zero has no answer. */
export function calculate(operator: MathOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? NaN : left / right;
  }
}

/** Series of one side of an operation, and the name that series without groups carry. */
export interface NamedSeries {
  readonly name: string;
  readonly series: readonly SlotSeries[];
}

/** A value of one side of an operation. */
interface Side {
  readonly value: number;
  readonly bounds: Bounds | undefined;
}

/** Series op number, or number op series. The name stays. */
export function withNumber(
  operator: MathOperator,
  side: NamedSeries,
  number: number,
  numberFirst: boolean
): NamedSeries {
  const series = side.series.map(({ labels, values, bounds }): SlotSeries => {
    const of = (slot: number): Side => ({ value: values[slot] ?? NaN, bounds: bounds?.(slot) });
    const exact = { value: number, bounds: undefined };
    return {
      labels,
      values: values.map((value) =>
        numberFirst ? calculate(operator, number, value) : calculate(operator, value, number)
      ),
      ...(bounds === undefined
        ? {}
        : {
            bounds: (slot) =>
              numberFirst ? calculatedBounds(operator, exact, of(slot)) : calculatedBounds(operator, of(slot), exact),
          }),
    };
  });
  return { name: side.name, series: nonEmpty(series) };
}

function groupsOf(labels: readonly SeriesLabel[]): readonly SeriesLabel[] {
  return labels.filter(({ key }) => key !== NAME_LABEL);
}

/** Series op series: joined where their labels are equal; a side of one series without groups meets every series of the other. */
export function withSeries(operator: MathOperator, left: NamedSeries, right: NamedSeries): NamedSeries {
  const name = `(${left.name} ${operator} ${right.name})`;
  const lone = (side: NamedSeries): SlotSeries | undefined => {
    const [only] = side.series;
    return side.series.length === 1 && only !== undefined && groupsOf(only.labels).length === 0 ? only : undefined;
  };
  const byKey = new Map(right.series.map((one) => [labelsKey(groupsOf(one.labels)), one]));
  const pairs: Array<{ labels: readonly SeriesLabel[]; a: SlotSeries; b: SlotSeries }> = [];
  const loneLeft = lone(left);
  const loneRight = lone(right);
  for (const a of left.series) {
    const groups = groupsOf(a.labels);
    const b = byKey.get(labelsKey(groups)) ?? (groups.length > 0 ? loneRight : undefined);
    if (b !== undefined) {
      pairs.push({ labels: groups, a, b });
    }
  }
  if (pairs.length === 0 && loneLeft !== undefined) {
    right.series.forEach((b) => pairs.push({ labels: groupsOf(b.labels), a: loneLeft, b }));
  }
  const series = pairs.map(({ labels, a, b }): SlotSeries => {
    const of = ({ values, bounds }: SlotSeries, slot: number): Side => ({
      value: values[slot] ?? NaN,
      bounds: bounds?.(slot),
    });
    return {
      labels: labels.length === 0 ? [{ key: NAME_LABEL, value: name }] : labels,
      values: a.values.map((value, slot) => calculate(operator, value, b.values[slot] ?? NaN)),
      ...(a.bounds === undefined && b.bounds === undefined
        ? {}
        : { bounds: (slot) => calculatedBounds(operator, of(a, slot), of(b, slot)) }),
    };
  });
  return { name, series: nonEmpty(series) };
}
