/** @file Every limit of the Node half, by name: its default, its unit, and how to change it. */
import { GentError } from './errors';

/** One limit: the default, its unit, and what it protects. */
export interface LimitEntry {
  value: number;
  unit: string;
  what: string;
}

/** The table of limits. Each can be changed with the environment variable GENT_LIMIT_<NAME> or {@link setLimit}. */
export const LIMITS = {
  JSON_LINE_BYTES: { value: 256 * 1024 * 1024, unit: 'bytes', what: 'one line of an NDJSON file' },
} satisfies Record<string, LimitEntry>;

/** A name in {@link LIMITS}. */
export type LimitName = keyof typeof LIMITS;

const overrides = new Map<LimitName, number>();

/**
 * The value of a limit in force: an override, else the environment, else the default.
 * @throws GentError USAGE when the environment variable is not a non-negative number
 */
export function limit(name: LimitName): number {
  const override = overrides.get(name);
  if (override !== undefined) {
    return override;
  }
  const text = process.env[`GENT_LIMIT_${name}`];
  if (text === undefined || text === '') {
    return LIMITS[name].value;
  }
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) {
    throw new GentError('USAGE', `GENT_LIMIT_${name}=${text} is not a number of ${LIMITS[name].unit}`);
  }
  return value;
}

/** Overrides a limit for this process; `undefined` takes the override back. */
export function setLimit(name: LimitName, value: number | undefined): void {
  if (value === undefined) {
    overrides.delete(name);
  } else {
    overrides.set(name, value);
  }
}
