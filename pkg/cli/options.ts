/** @file Option values as commands need them, with errors that name the option. */
import { GentError } from '../common';
import { TRACE_FORMATS, type TraceFormat } from '../trace';
import type { CommandOptions, OptionValues } from './command';

/** The option that {@link formatOption} reads. */
export const FORMAT_OPTIONS = {
  format: { type: 'string', value: TRACE_FORMATS.join('|'), help: 'format of the traces; recognised when left out' },
} as const satisfies CommandOptions;

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

/** One of a few words; undefined when it was not given. @throws GentError USAGE */
export function choiceOption<T extends string>(
  values: OptionValues,
  name: string,
  choices: readonly T[]
): T | undefined {
  const text = textOption(values, name);
  const choice = choices.find((known) => known === text);
  if (text !== undefined && choice === undefined) {
    throw new GentError('USAGE', `--${name} ${text}: one of ${choices.join(', ')} is expected`);
  }
  return choice;
}

/** The format of the traces that are read; undefined to recognise it. @throws GentError USAGE */
export const formatOption = (values: OptionValues): TraceFormat | undefined =>
  choiceOption(values, 'format', TRACE_FORMATS);

/** The one of these options that was given. @throws GentError USAGE unless it is exactly one */
export function oneOption(values: OptionValues, names: readonly string[]): string {
  const given = names.filter((name) => values[name] !== undefined && values[name] !== false);
  const [one] = given;
  if (one === undefined || given.length > 1) {
    const list = names.map((name) => `--${name}`);
    const tooMany = given.length > 1 ? `, not ${given.map((name) => `--${name}`).join(' and ')}` : '';
    throw new GentError('USAGE', `one of ${list.slice(0, -1).join(', ')} and ${list.at(-1)} is needed${tooMany}`);
  }
  return one;
}
