/** @file What "Save & test" says: what the store holds, what is wrong with it, and what to do. */
import { asGentError } from '../common';
import type { EngineDescription, TimeRange } from '../query';
import type { InstanceContext, Instances } from './instances';

/** The answer of a health check; `verbose` is shown on demand. */
export interface Health {
  readonly ok: boolean;
  readonly message: string;
  readonly verbose: string;
}

const SKIPPED_SHOWN = 20;
const MODELS_SHOWN = 20;

const plural = (count: number, noun: string) => `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;

/** ns → `2026-11-23 09:40:00`. Any uint64 is a time that a calendar has. */
function moment(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');
}

const span = (range: TimeRange) => `${moment(range.start)} to ${moment(range.end)} UTC`;

/** What an engine holds, in words. */
export function describeHealth(description: EngineDescription): Health {
  const { models, skipped, window, location } = description;
  const skippedText = skipped.length === 0 ? '' : ` ${plural(skipped.length, 'file')} skipped.`;
  const lines = [
    ...models
      .slice(-MODELS_SHOWN)
      .map((m) => `${m.file}: ${span(m.window)}, ${plural(m.traces, 'trace')}, ${m.bytes} bytes`),
    ...skipped.slice(0, SKIPPED_SHOWN).map(({ file, reason }) => `skipped ${file}: ${reason}`),
  ];
  const verbose = lines.join('\n');
  if (/^https?:/.test(location)) {
    return { ok: true, message: `${location} answers.`, verbose };
  }
  if (description.kind === 'models' && models.length === 0) {
    const advice = 'Start the trainer with this store, or put .gent files there; they appear by themselves.';
    return { ok: skipped.length === 0, message: `${location} holds no models yet.${skippedText} ${advice}`, verbose };
  }
  const what = description.kind === 'models' ? `${plural(models.length, 'model')} of ` : '';
  const when = window === undefined ? '' : `, ${span(window)}`;
  const traces = `${plural(description.traces, 'trace')} (${plural(description.spans, 'span')})`;
  return { ok: true, message: `${location}: ${what}${traces}${when}.${skippedText}`, verbose };
}

/** Checks the data source of a request. Never throws. */
export async function checkHealth(instances: Instances, context: InstanceContext | undefined): Promise<Health> {
  try {
    return await instances.use(context, async ({ engine }) => describeHealth(await engine.describe()));
  } catch (thrown) {
    const error = asGentError(thrown);
    return { ok: false, message: `${error.message}. What to do: ${error.hint}.`, verbose: error.toLine() };
  }
}
