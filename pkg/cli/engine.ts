/** @file Opens what `--store` or `--traces` names, and reads `--from` and `--to`: what query, trace and serve share. */
import { GentError, type Logger, silentLogger } from '../common';
import { modelEngine, rawEngine, type TimeRange, type TracesEngine } from '../query';
import { openStore } from '../store';
import { newReadStats, readAllTraces } from '../trace';
import { parseDuration } from '../traceql';
import type { CommandIo, CommandOptions, OptionValues } from './command';
import { oneOption, requiredOption, textOption } from './options';

/** The options that {@link openEngine} and {@link rangeOption} read. */
export const ENGINE_OPTIONS = {
  store: { type: 'string', value: 'DIR', help: 'directory of .gent models, or s3://BUCKET/PREFIX' },
  traces: { type: 'string', value: 'FILE', help: 'real traces instead: a file or directory, or - for stdin' },
} as const satisfies CommandOptions;

export const RANGE_OPTIONS = {
  from: { type: 'string', value: 'T', help: 'start: ISO 8601, Unix seconds, now, or now-6h' },
  to: { type: 'string', value: 'T', help: 'end' },
} as const satisfies CommandOptions;

/**
 * The engine over --store or --traces. What could not be read of traces is said on stderr.
 * @throws GentError USAGE unless exactly one of the two is given
 */
export async function openEngine(
  values: OptionValues,
  io: CommandIo,
  logger: Logger = silentLogger
): Promise<TracesEngine> {
  if (oneOption(values, Object.keys(ENGINE_OPTIONS)) === 'store') {
    return modelEngine(await openStore(requiredOption(values, 'store'), { logger }));
  }
  const traces = requiredOption(values, 'traces');
  const stats = newReadStats();
  const read = await readAllTraces(traces, { stats, signal: io.signal });
  if (stats.bad > 0) {
    io.stderr.write(`gent: ${stats.bad} lines of ${traces} are no traces and were left out\n`);
  }
  return rawEngine(read, traces);
}

/** A time of an option, ns; undefined when it was not given. @throws GentError USAGE */
export function timeOption(values: OptionValues, name: string, now: number): bigint | undefined {
  const text = textOption(values, name)?.trim();
  if (text === undefined) {
    return undefined;
  }
  const relative = /^now(?:-(.+))?$/.exec(text);
  if (relative !== null) {
    const back = relative[1] === undefined ? 0n : parseDuration(relative[1]);
    if (back !== undefined) {
      return BigInt(now) * 1_000_000n - back;
    }
  } else if (/^\d{1,11}$/.test(text)) {
    return BigInt(text) * 1_000_000_000n;
  } else if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) {
      return BigInt(ms) * 1_000_000n;
    }
  }
  throw new GentError(
    'USAGE',
    `--${name} ${text}: a time such as 2026-01-31T12:00:00Z, 1767225600, now or now-6h is expected`
  );
}

/**
 * --from and --to; one that is missing is the end of what the engine holds.
 * @returns undefined when neither is given
 */
export async function rangeOption(
  values: OptionValues,
  engine: TracesEngine,
  now = Date.now()
): Promise<TimeRange | undefined> {
  const from = timeOption(values, 'from', now);
  const to = timeOption(values, 'to', now);
  if (from === undefined && to === undefined) {
    return undefined;
  }
  const window = from !== undefined && to !== undefined ? undefined : (await engine.describe()).window;
  const start = from ?? window?.start ?? 0n;
  const end = to ?? (window === undefined ? BigInt(now) * 1_000_000n : window.end + 1n);
  if (end <= start) {
    throw new GentError('USAGE', '--to must be after --from');
  }
  return { start, end };
}
