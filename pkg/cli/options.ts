/** @file Option values as commands need them, with errors that name the option. */
import { GentError } from '../common';
import type { OptionValues } from './command';

/** A text option; undefined when it was not given. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** @throws GentError USAGE when it was not given or is empty */
export function requiredOption(values: OptionValues, name: string): string {
  const value = textOption(values, name);
  if (value === undefined || value === '') {
    throw new GentError('USAGE', `--${name} is missing`);
  }
  return value;
}

/** Every value of an option that may be given several times. */
export function listOption(values: OptionValues, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** A whole number of at least `min`. @throws GentError USAGE */
export function countOption(values: OptionValues, name: string, min = 0): number | undefined {
  const text = textOption(values, name);
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
    throw new GentError('USAGE', `--${name} ${text}: a whole number of at least ${min} is expected`);
  }
  return value;
}
