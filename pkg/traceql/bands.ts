/** @file Intervals put together: of a sample and of a model, and of the parts of a calculation. All are independent. */
import type { MathOperator } from './ast';
import type { Bounds } from './confidence';
import type { SlotSeries } from './over-time';

/** Where errors add up: counts as they are, durations by how many times they are off. */
type Scale = 'linear' | 'logarithmic';

/** How far an interval reaches on both sides. */
function reaches(value: number, bounds: Bounds, scale: Scale): [number, number] {
  return scale === 'logarithmic'
    ? [Math.log(value / bounds.lower), Math.log(bounds.upper / value)]
    : [value - bounds.lower, bounds.upper - value];
}

/** The interval of a value with two independent errors: their reaches add up as the roots of variances do. */
export function joined(value: number, a: Bounds, b: Bounds, scale: Scale = 'linear'): Bounds {
  const logarithmic = scale === 'logarithmic' && value > 0 && a.lower > 0 && b.lower > 0;
  const [ownDown, ownUp] = reaches(value, a, logarithmic ? scale : 'linear');
  const [otherDown, otherUp] = reaches(value, b, logarithmic ? scale : 'linear');
  const together = (x: number, y: number): number => Math.hypot(Math.max(0, x), Math.max(0, y));
  const [down, up] = [together(ownDown, otherDown), together(ownUp, otherUp)];
  return logarithmic
    ? { lower: value * Math.exp(-down), upper: value * Math.exp(up) }
    : { lower: value - down, upper: value + up };
}

/** A series with another error in its intervals; where there are none, they tell that error alone. */
export function withBand(series: SlotSeries, band: (slot: number) => Bounds | undefined, scale: Scale): SlotSeries {
  return {
    ...series,
    bounds: (slot) => {
      const value = series.values[slot] ?? NaN;
      const own = series.bounds?.(slot);
      const other = Number.isNaN(value) ? undefined : band(slot);
      if (other === undefined) {
        return own;
      }
      const held = { lower: Math.min(value, other.lower), upper: Math.max(value, other.upper) };
      if (own === undefined) {
        return held;
      }
      const both = joined(value, own, held, scale);
      // Counts do not fall below nothing.
      return scale === 'linear' && own.lower >= 0 ? { ...both, lower: Math.max(0, both.lower) } : both;
    },
  };
}

const exactly = (value: number): Bounds => ({ lower: value, upper: value });

/** The interval of `a operator b`; undefined where it has no end, or neither side has one. */
export function calculatedBounds(
  operator: MathOperator,
  left: { readonly value: number; readonly bounds: Bounds | undefined },
  right: { readonly value: number; readonly bounds: Bounds | undefined }
): Bounds | undefined {
  if (left.bounds === undefined && right.bounds === undefined) {
    return undefined;
  }
  const [x, y] = [left.value, right.value];
  const [a, b] = [left.bounds ?? exactly(x), right.bounds ?? exactly(y)];
  const at = (value: number, ofLeft: Bounds, ofRight: Bounds): Bounds => {
    const order = ({ lower, upper }: Bounds): Bounds =>
      lower <= upper ? { lower, upper } : { lower: upper, upper: lower };
    return joined(value, order(ofLeft), order(ofRight));
  };
  switch (operator) {
    case '+':
      return at(x + y, { lower: a.lower + y, upper: a.upper + y }, { lower: x + b.lower, upper: x + b.upper });
    case '-':
      return at(x - y, { lower: a.lower - y, upper: a.upper - y }, { lower: x - b.upper, upper: x - b.lower });
    case '*':
      return at(x * y, { lower: a.lower * y, upper: a.upper * y }, { lower: x * b.lower, upper: x * b.upper });
    case '/':
      // Through zero there is no end.
      return b.lower <= 0 && b.upper >= 0
        ? undefined
        : at(x / y, { lower: a.lower / y, upper: a.upper / y }, { lower: x / b.upper, upper: x / b.lower });
  }
}
