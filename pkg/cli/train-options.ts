/** @file The options of `gent train` that say what is learnt and how: one place for their names, help and reading. */
import { readFileSync } from 'node:fs';
import { GentError } from '../common';
import { BUCKET_WIDTHS } from '../features';
import { AttributeRules, traceBounds, type Trace } from '../trace';
import { TRAIN_PARTS, type TrainOptions, type TrainPart } from '../train';
import type { CommandOptions, OptionValues } from './command';
import { timeOption } from './engine';
import { countOption, listOption, textOption } from './options';

/** Weights of 2 to 7 bits can be multiplied exactly by every kernel. */
const WEIGHT_BITS = [2, 7] as const;

/** What is learnt: attributes and times. */
export const SELECTION_OPTIONS = {
  'from-time': {
    type: 'string',
    value: 'T',
    help: 'traces that begin at this time or later: ISO 8601, Unix seconds, now-6h',
  },
  'to-time': { type: 'string', value: 'T', help: 'traces that begin before this time' },
  'drop-attribute': {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'leave this attribute out, wherever it is; * stands for anything; may be given several times',
  },
  'hash-attribute': {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'learn a keyed hash in place of the values; several times, with *',
  },
  'keep-attribute': {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'leave out every other attribute but service.name; several times, with *',
  },
  'hash-key': { type: 'string', value: 'FILE', help: 'secret key of the hashes; without one guesses can be tried' },
  attributes: { type: 'string', value: 'N', help: 'most attributes of an operation: the most frequent (default all)' },
} as const satisfies CommandOptions;

/** How it is learnt, besides seed, passes and bytes. */
export const NETWORK_OPTIONS = {
  width: { type: 'string', value: 'N', help: 'width of the hidden layers (default by the data)' },
  'weight-bits': { type: 'string', value: 'N', help: `bits of a weight, ${WEIGHT_BITS.join(' to ')}`, default: '6' },
  'bucket-seconds': {
    type: 'string',
    value: 'N',
    help: `width of the time buckets of the counts: ${BUCKET_WIDTHS.join(', ')} (default the finest that stays cheap)`,
  },
  without: {
    type: 'string',
    multiple: true,
    value: 'PART',
    help: `leave a part out, to see what it is worth: ${Object.keys(TRAIN_PARTS).join(', ')}`,
  },
} as const satisfies CommandOptions;

function partOf(name: string): TrainPart {
  if (!(name in TRAIN_PARTS)) {
    throw new GentError('USAGE', `--without ${name}: one of ${Object.keys(TRAIN_PARTS).join(', ')} is expected`);
  }
  return name as TrainPart;
}

/** Settings of training that were given. @throws GentError USAGE */
export function trainSettings(values: OptionValues): TrainOptions {
  const weightBits = countOption(values, 'weight-bits', WEIGHT_BITS[0]);
  if (weightBits !== undefined && weightBits > WEIGHT_BITS[1]) {
    throw new GentError('USAGE', `--weight-bits ${weightBits}: at most ${WEIGHT_BITS[1]} are expected`);
  }
  const bucketSeconds = countOption(values, 'bucket-seconds', 1);
  if (bucketSeconds !== undefined && !BUCKET_WIDTHS.some((width) => width === bucketSeconds)) {
    throw new GentError('USAGE', `--bucket-seconds ${bucketSeconds}: one of ${BUCKET_WIDTHS.join(', ')} is expected`);
  }
  const without = listOption(values, 'without').map(partOf);
  const settings: Record<keyof TrainOptions & string, unknown> | Record<string, unknown> = {
    seed: countOption(values, 'seed'),
    epochs: countOption(values, 'epochs'),
    maxBytes: countOption(values, 'max-bytes', 1),
    privacyK: countOption(values, 'privacy-k', 1),
    exemplarBytes: values['no-exemplars'] === true ? 0 : countOption(values, 'exemplar-bytes'),
    width: countOption(values, 'width', 1),
    weightBits,
    bucketSeconds,
    attributes: countOption(values, 'attributes'),
    without: without.length === 0 ? undefined : without,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function hashKeyOf(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) {
    return undefined;
  }
  try {
    return readFileSync(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new GentError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', `--hash-key ${file}`, { cause: error });
  }
}

/** The rules for attributes that were given. @throws GentError USAGE, FILE_* */
export function attributeRules(values: OptionValues): AttributeRules {
  const keep = listOption(values, 'keep-attribute');
  const hashKey = hashKeyOf(textOption(values, 'hash-key'));
  return new AttributeRules({
    drop: listOption(values, 'drop-attribute'),
    hash: listOption(values, 'hash-attribute'),
    ...(keep.length === 0 ? {} : { keep }),
    ...(hashKey === undefined ? {} : { hashKey }),
  });
}

/** Traces that begin within --from-time and --to-time, as the rules for attributes leave them. @throws GentError USAGE */
export function selectTraces(values: OptionValues, traces: AsyncIterable<Trace>): AsyncIterable<Trace> {
  const now = Date.now();
  const from = timeOption(values, 'from-time', now);
  const to = timeOption(values, 'to-time', now);
  if (from !== undefined && to !== undefined && to <= from) {
    throw new GentError('USAGE', '--to-time must be after --from-time');
  }
  const rules = attributeRules(values);
  return (async function* () {
    for await (const trace of traces) {
      const { start } = traceBounds(trace);
      if ((from === undefined || start >= from) && (to === undefined || start < to)) {
        yield rules.apply(trace);
      }
    }
  })();
}
