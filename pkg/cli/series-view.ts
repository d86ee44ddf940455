/** @file Time series for a terminal: a line of blocks each, and the numbers that say how high they are. */
import pc from './colors';
import type { MetricsResult } from '../query';
import type { Series } from '../traceql';

const BLOCKS = '▁▂▃▄▅▆▇█';
const WIDTH = 60;

/** Values as blocks, from zero to `top`; a gap where there is none. More values than `width` are averaged. */
export function sparkline(values: ReadonlyArray<number | undefined>, top: number, width = WIDTH): string {
  const columns = Math.min(width, values.length);
  let line = '';
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const part = values.slice(from, to).filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    if (part.length === 0) {
      line += ' ';
      continue;
    }
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    const level = top > 0 ? Math.round((Math.max(0, mean) / top) * (BLOCKS.length - 1)) : 0;
    line += BLOCKS[Math.min(BLOCKS.length - 1, level)] ?? ' ';
  }
  return line;
}

/** A number in a few digits. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(3);
}

/** Labels as `{a="x", b=5}`; a single label as its value. */
export function seriesName(series: Series): string {
  const [first, second] = series.labels;
  if (first === undefined) {
    return '{}';
  }
  const print = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : String(value));
  return second === undefined
    ? String(first.value)
    : `{${series.labels.map(({ key, value }) => `${key}=${print(value)}`).join(', ')}}`;
}

const HOW: Record<MetricsResult['from'], string> = {
  counts: 'exact, from counts',
  generated: 'from every generated trace',
  estimated: 'estimated from a part of the generated traces',
  raw: 'from real traces',
};

/** Series of a range query: one line each, all on one scale. */
export function rangeView(result: MetricsResult): string {
  const times = [...new Set(result.series.flatMap((one) => one.samples.map((sample) => sample.timestampMs)))].sort(
    (a, b) => a - b
  );
  const top = Math.max(
    0,
    ...result.series.flatMap((one) => one.samples.map(({ value }) => value)).filter(Number.isFinite)
  );
  const width = Math.max(0, ...result.series.map((one) => seriesName(one).length));
  const lines = result.series.map((one) => {
    const byTime = new Map(one.samples.map((sample) => [sample.timestampMs, sample.value]));
    const values = times.map((time) => byTime.get(time));
    const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    const mean = known.reduce((a, b) => a + b, 0) / Math.max(1, known.length);
    const most = Math.max(...known, 0);
    const numbers = `mean ${formatValue(mean)}, most ${formatValue(most)}`;
    return `${pc.cyan(seriesName(one).padEnd(width))}  ${pc.green(sparkline(values, top))}  ${pc.dim(numbers)}`;
  });
  return [...lines, footer(result, times)].join('\n');
}

/** Values of an instant query. */
export function instantView(result: MetricsResult): string {
  const width = Math.max(0, ...result.series.map((one) => seriesName(one).length));
  const lines = result.series.map((one) => {
    const sample = one.samples[one.samples.length - 1];
    const interval =
      sample?.lower === undefined || sample.upper === undefined
        ? ''
        : pc.dim(`  (${formatValue(sample.lower)} to ${formatValue(sample.upper)})`);
    return `${pc.cyan(seriesName(one).padEnd(width))}  ${formatValue(sample?.value ?? NaN)}${interval}`;
  });
  return [...lines, footer(result, [])].join('\n');
}

/** What intervals hold, where there are any. */
function intervalsOf({ series, intervals }: MetricsResult): string {
  const bounded = series.some(({ samples }) => samples.some(({ lower }) => lower !== undefined));
  return bounded
    ? `; 95% intervals hold the ${intervals === 'whole' ? 'real values' : 'values of all generated traces'}`
    : '';
}

function footer(result: MetricsResult, times: readonly number[]): string {
  const [first] = times;
  const last = times[times.length - 1];
  const when =
    first === undefined || last === undefined
      ? ''
      : `${new Date(first).toISOString()} to ${new Date(last).toISOString()}; `;
  const count = `${result.series.length} series`;
  const cost = `${result.stats.inspectedSpans} spans looked at, ${result.stats.elapsedMs.toFixed(0)} ms`;
  return pc.dim(`${when}${count}, ${HOW[result.from]}${intervalsOf(result)}; ${cost}`);
}
