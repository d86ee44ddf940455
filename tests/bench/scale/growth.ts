/** @file How a cost grows with size: exponents, and a picture of them on two logarithmic scales. */

export interface Point {
  /** Greater than 0, as is y. */
  readonly x: number;
  readonly y: number;
}

/** A cost by size; `mark` is one character, its sign in the plot. */
export interface Curve {
  readonly name: string;
  readonly mark: string;
  readonly points: readonly Point[];
}

/** The largest exponent that still counts as linear. */
export const LINEAR = 1.05;

/** Exponents between neighbouring sizes: e where y grows as x^e. */
export function exponents(points: readonly Point[]): number[] {
  return points.slice(1).map((to, i) => {
    const from = points[i] as Point;
    return Math.log(to.y / from.y) / Math.log(to.x / from.x);
  });
}

/** The exponent over all sizes: least squares of ln y over ln x. NaN for fewer than two sizes. */
export function fittedExponent(points: readonly Point[]): number {
  const xs = points.map(({ x }) => Math.log(x));
  const ys = points.map(({ y }) => Math.log(y));
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] as number) - my), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}

const WIDTH = 56;
const HEIGHT = 14;
const MARGIN = 10;

/**
 * Curves on two logarithmic scales as lines of text. Dots show linear growth from the first point of each curve; where
 * marks meet, the last curve's stands.
 */
export function logLogPlot(curves: readonly Curve[], xLabel: string, yLabel: string): string[] {
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) {
    return [];
  }
  const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const [left, right] = range(all.map(({ x }) => x));
  const [bottom, top] = range(all.map(({ y }) => y));
  const place = (value: number, low: number, high: number, cells: number): number =>
    high <= low ? 0 : Math.round((Math.log(value / low) / Math.log(high / low)) * (cells - 1));
  const cells = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '));
  const put = (x: number, y: number, mark: string): void => {
    const row = cells[HEIGHT - 1 - place(y, bottom, top, HEIGHT)];
    if (row !== undefined) {
      row[place(x, left, right, WIDTH)] = mark;
    }
  };
  for (const { points } of curves) {
    const first = points[0];
    for (let column = 0; first !== undefined && column < WIDTH; column++) {
      const x = left * (right / left) ** (column / (WIDTH - 1));
      const y = (first.y * x) / first.x;
      if (x >= first.x && y <= top) {
        put(x, y, '·');
      }
    }
  }
  curves.forEach(({ points, mark }) => points.forEach(({ x, y }) => put(x, y, mark)));
  const tick = (row: number): string =>
    row === 0 ? top.toPrecision(3) : row === HEIGHT - 1 ? bottom.toPrecision(3) : '';
  const [from, to] = [String(left), String(right)];
  return [
    `${yLabel} (logarithmic)`,
    ...cells.map((row, i) => `${tick(i).padStart(MARGIN)} │${row.join('')}`.trimEnd()),
    `${' '.repeat(MARGIN)} └${'─'.repeat(WIDTH)}`,
    `${' '.repeat(MARGIN + 2)}${from}${to.padStart(WIDTH - from.length)}  ${xLabel} (logarithmic)`,
    `${' '.repeat(MARGIN + 2)}${[...curves.map(({ mark, name }) => `${mark} ${name}`), '· linear'].join('   ')}`,
  ];
}
