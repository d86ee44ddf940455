/** @file What "Save & test" says: what the store holds, what is wrong with it, and what to do. */
import { asGentError } from '../common';
import type { EngineDescription, TimeRange, TracesEngine } from '../query';
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
  const { kind, models, skipped, window, location, traces, spans } = description;
  const skippedText = skipped.length === 0 ? '' : ` ${plural(skipped.length, 'file')} skipped.`;
  const lines = [
    ...models
      .slice(-MODELS_SHOWN)
      .map((m) => `${m.file}: ${span(m.window)}, ${plural(m.traces, 'trace')}, ${m.bytes} bytes`),
    ...skipped.slice(0, SKIPPED_SHOWN).map(({ file, reason }) => `skipped ${file}: ${reason}`),
  ];
  const verbose = lines.join('\n');
  if (/^https?:/.test(location) && models.length === 0 && window === undefined) {
    const what =
      kind === 'models'
        ? 'it holds no models yet'
        : 'what it holds it does not say, so service graphs and comparisons may not be answered';
    return { ok: true, message: `${location} answers; ${what}.${skippedText}`, verbose };
  }
  if (kind === 'models' && models.length === 0) {
    return { ...withoutModels(description), verbose };
  }
  const what = kind === 'models' ? `${plural(models.length, 'model')} of ` : '';
  const when = window === undefined ? '' : `, ${span(window)}`;
  const held = `${plural(traces, 'trace')} (${plural(spans, 'span')})`;
  return { ok: true, message: `${location}: ${what}${held}${when}.${skippedText}`, verbose };
}

/** A store that can be listed, but has nothing to answer from. */
function withoutModels({ location, skipped }: EngineDescription): { ok: boolean; message: string } {
  const [first] = skipped;
  if (first === undefined) {
    const advice = 'Start the trainer with this store, or put .gent files there; they appear by themselves.';
    return { ok: true, message: `${location} holds no models yet. ${advice}` };
  }
  const none = `none of the ${plural(skipped.length, 'file')} there can be used`;
  const advice = 'What to do: train again, restore the files from a copy, or correct the store’s place.';
  return {
    ok: false,
    message: `${location} holds no models: ${none}; ${first.file}: ${first.reason}. ${advice}`,
  };
}

/** Reads the newest model whole: listing looks at manifests only. A damaged one leaves the list, with its reason. */
async function tryNewest(engine: TracesEngine, { kind, models }: EngineDescription, signal: AbortSignal) {
  const newest = models[models.length - 1];
  if (kind === 'models' && newest !== undefined) {
    await engine.overview({ range: newest.window, durations: false, signal });
  }
}

/** Checks the data source of a request. Never throws. */
export async function checkHealth(
  instances: Instances,
  context: InstanceContext | undefined,
  signal: AbortSignal
): Promise<Health> {
  try {
    return await instances.use(context, async ({ engine }) => {
      await tryNewest(engine, await engine.describe(), signal);
      return describeHealth(await engine.describe());
    });
  } catch (thrown) {
    const error = asGentError(thrown);
    return { ok: false, message: `${error.message}. What to do: ${error.hint}.`, verbose: error.toLine() };
  }
}
