/** @file The trainer's configuration: defaults, a JSON file, the environment, flags; later ones win. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GentError } from '../common';
import { isBucketAddress } from '../store';

/** Everything that can be configured. Times in ms. */
export interface TrainerConfig {
  /** Where OTLP/HTTP listens, host:port; port 0 = any free one. */
  readonly listen: string;
  /** Where OTLP/gRPC listens, host:port; '' = nowhere. */
  readonly listenGrpc: string;
  /** Directory or bucket of the store that models are published to. */
  readonly store: string;
  /** A trace is closed when no span of it came for this long. */
  readonly idleMs: number;
  /** A batch is closed at this many traces. */
  readonly batchTraces: number;
  /** A batch is closed this long after its first trace. */
  readonly batchAgeMs: number;
  /** A batch is closed when no trace was added to it for this long; 0 = never for that reason. */
  readonly batchQuietMs: number;
  /** Closed batches that may wait for training; while more would, receivers refuse (429). */
  readonly queue: number;
  readonly seed: number;
  /** Passes over the batch at most; undefined = training's own default. */
  readonly epochs: number | undefined;
  /** Size of a model at most, bytes; undefined = training's own default. */
  readonly maxBytes: number | undefined;
  /** A value seen in fewer traces is never kept verbatim; undefined = training's own default. */
  readonly privacyK: number | undefined;
  /** Width of the network; undefined = training's own default. */
  readonly width: number | undefined;
  /** Most attributes of an operation; undefined = all. */
  readonly attributes: number | undefined;
  /** Whether training goes on from the last model of the store. */
  readonly rolling: boolean;
  /** Keys of attributes that are left out before anything is kept of them, see `AttributeRules`. */
  readonly dropAttributes: readonly string[];
  /** Keys of attributes of which a hash is learnt. */
  readonly hashAttributes: readonly string[];
  /** The only other attributes that are learnt; undefined = all. */
  readonly keepAttributes: readonly string[] | undefined;
  /** File with the secret key of the hashes; '' = none. */
  readonly hashKey: string;
  /** Where the batches go that could not be trained. */
  readonly failed: string;
  /** Directory of the write-ahead log; '' = .wal in the store, 'off' = none. */
  readonly wal: string;
}

/** A directory that was named, or one of this name in the store; beside `.gent` where the store is a bucket. */
export function besideStore(config: Pick<TrainerConfig, 'store'>, named: string, name: string): string {
  return named !== '' ? named : path.join(isBucketAddress(config.store) ? '.gent' : config.store, name);
}

export const DEFAULT_TRAINER_CONFIG: TrainerConfig = {
  listen: '127.0.0.1:4318',
  listenGrpc: '',
  store: '.gent/models',
  idleMs: 10_000,
  batchTraces: 10_000,
  batchAgeMs: 600_000,
  batchQuietMs: 0,
  queue: 2,
  seed: 1,
  epochs: undefined,
  maxBytes: undefined,
  privacyK: undefined,
  width: undefined,
  attributes: undefined,
  rolling: false,
  dropAttributes: [],
  hashAttributes: [],
  keepAttributes: undefined,
  hashKey: '',
  failed: '',
  wal: '',
};

/** One setting: its name in flags and files, in the environment, and how its text is read. */
interface Setting {
  /** As a flag: `--batch-age`; in the file: `batchAge`; in the environment: GENT_TRAINER_BATCH_AGE. */
  readonly flag: string;
  readonly value: string;
  readonly help: string;
  /** What the file may hold besides a string or a number. */
  readonly takes?: 'list' | 'switch';
  readonly read: (text: string, where: string) => Partial<TrainerConfig>;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration: `500ms`, `10s`, `2m`, `1h`; a bare number is seconds.
 * @returns milliseconds
 * @throws GentError USAGE naming `where`
 */
export function parseDuration(text: string, where: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) {
    throw new GentError('USAGE', `${where}: '${text}' is no duration such as 10s, 500ms or 2m`);
  }
  return Number(match[1]) * (UNITS[match[2] ?? 's'] as number);
}

/** Reads a whole number of at least `minimum`. */
function parseCount(text: string, where: string, minimum: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < minimum) {
    throw new GentError('USAGE', `${where}: '${text}' is no whole number of at least ${minimum}`);
  }
  return value;
}

/** Reads a list of keys: `enduser.id, user.*`. */
function parseKeys(text: string, where: string): readonly string[] {
  const keys = text.split(',').map((key) => key.trim());
  if (keys.some((key) => key === '')) {
    throw new GentError('USAGE', `${where}: '${text}' is no list of keys such as enduser.id,user.*`);
  }
  return keys;
}

function parseSwitch(text: string, where: string): boolean {
  if (!['on', 'off', 'true', 'false'].includes(text)) {
    throw new GentError('USAGE', `${where}: '${text}' is neither on nor off`);
  }
  return text === 'on' || text === 'true';
}

/**
 * Splits host:port, with [::1]:port for IPv6.
 * @throws GentError USAGE naming `where`
 */
export function parseListen(text: string, where: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new GentError('USAGE', `${where}: '${text}' is no address such as 127.0.0.1:4318`);
  }
  return { host: (match[1] ?? match[2]) as string, port };
}

/** Every setting, in the order of `gent trainer --help`. */
export const TRAINER_SETTINGS: readonly Setting[] = [
  {
    flag: 'listen',
    value: 'HOST:PORT',
    help: 'where OTLP/HTTP is received',
    read: (text, where) => {
      parseListen(text, where);
      return { listen: text };
    },
  },
  {
    flag: 'store',
    value: 'DIR',
    help: 'where models are published: a directory, or s3://BUCKET/PREFIX',
    read: (store) => ({ store }),
  },
  {
    flag: 'idle',
    value: 'TIME',
    help: 'a trace is closed after this time without a span',
    read: (text, where) => ({ idleMs: parseDuration(text, where) }),
  },
  {
    flag: 'batch-traces',
    value: 'N',
    help: 'a batch is closed at this many traces',
    read: (text, where) => ({ batchTraces: parseCount(text, where, 1) }),
  },
  {
    flag: 'batch-age',
    value: 'TIME',
    help: 'a batch is closed this long after its first trace',
    read: (text, where) => ({ batchAgeMs: parseDuration(text, where) }),
  },
  {
    flag: 'batch-quiet',
    value: 'TIME',
    help: 'a batch is closed after this time without another trace; 0 = never',
    read: (text, where) => ({ batchQuietMs: parseDuration(text, where) }),
  },
  {
    flag: 'queue',
    value: 'N',
    help: 'closed batches that may wait for training before senders are told to wait',
    read: (text, where) => ({ queue: parseCount(text, where, 1) }),
  },
  {
    flag: 'seed',
    value: 'N',
    help: 'seed of the training',
    read: (text, where) => ({ seed: parseCount(text, where, 0) }),
  },
  {
    flag: 'epochs',
    value: 'N',
    help: 'passes over a batch at most',
    read: (text, where) => ({ epochs: parseCount(text, where, 1) }),
  },
  {
    flag: 'max-bytes',
    value: 'N',
    help: 'size of a model at most, bytes',
    read: (text, where) => ({ maxBytes: parseCount(text, where, 1) }),
  },
  {
    flag: 'privacy-k',
    value: 'N',
    help: 'a value seen in fewer traces is never kept verbatim (5)',
    read: (text, where) => ({ privacyK: parseCount(text, where, 1) }),
  },
  {
    flag: 'width',
    value: 'N',
    help: 'width of the network (by the data)',
    read: (text, where) => ({ width: parseCount(text, where, 1) }),
  },
  {
    flag: 'rolling',
    value: 'on|off',
    takes: 'switch',
    help: 'go on from the network of the last model of the store, in half the passes (off)',
    read: (text, where) => ({ rolling: parseSwitch(text, where) }),
  },
  {
    flag: 'attributes',
    value: 'N',
    help: 'most attributes of an operation that are learnt: the most frequent (all)',
    read: (text, where) => ({ attributes: parseCount(text, where, 0) }),
  },
  {
    flag: 'drop-attributes',
    value: 'KEY,…',
    takes: 'list',
    help: 'attributes that are left out before anything is learnt; * stands for anything',
    read: (text, where) => ({ dropAttributes: parseKeys(text, where) }),
  },
  {
    flag: 'hash-attributes',
    value: 'KEY,…',
    takes: 'list',
    help: 'attributes of which a keyed hash is learnt',
    read: (text, where) => ({ hashAttributes: parseKeys(text, where) }),
  },
  {
    flag: 'keep-attributes',
    value: 'KEY,…',
    takes: 'list',
    help: 'the only other attributes that are learnt, with service.name (all)',
    read: (text, where) => ({ keepAttributes: parseKeys(text, where) }),
  },
  {
    flag: 'hash-key',
    value: 'FILE',
    help: 'secret key of the hashes; without one guesses can be tried',
    read: (hashKey) => ({ hashKey }),
  },
  {
    flag: 'failed',
    value: 'DIR',
    help: 'where batches are kept that could not be trained (default: .failed in the store)',
    read: (failed) => ({ failed }),
  },
  {
    flag: 'wal',
    value: 'DIR',
    help: 'where what was received is kept until it is published (default: .wal in the store); off = nowhere',
    read: (wal) => ({ wal }),
  },
];

const camel = (flag: string) => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const variable = (flag: string) => `GENT_TRAINER_${flag.replaceAll('-', '_').toUpperCase()}`;

/** @throws GentError FILE_NOT_FOUND, FILE_UNREADABLE, USAGE where it is no JSON */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new GentError('FILE_NOT_FOUND', `the settings of --config, ${file}, do not exist`, { cause: error });
    }
    // Node says `CODE: what, syscall 'path'`; the path is said already.
    const what = code === 'EISDIR' ? 'it is a directory' : message.replace(/^\w+: ([^,]*),.*$/, '$1');
    throw new GentError('FILE_UNREADABLE', `the settings of --config, ${file}, cannot be read: ${what}`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GentError('USAGE', `${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function fromFile(file: string): Partial<TrainerConfig> {
  const document = readJson(file);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new GentError('USAGE', `${file}: expected a JSON object of settings`);
  }
  let config: Partial<TrainerConfig> = {};
  for (const [name, value] of Object.entries(document)) {
    const setting = TRAINER_SETTINGS.find(({ flag }) => camel(flag) === name || flag === name);
    if (setting === undefined) {
      const known = TRAINER_SETTINGS.map(({ flag }) => camel(flag)).join(', ');
      throw new GentError('USAGE', `${file}: there is no setting '${name}'; there are ${known}`);
    }
    const isList = setting.takes === 'list' && Array.isArray(value) && value.every((one) => typeof one === 'string');
    const isSwitch = setting.takes === 'switch' && typeof value === 'boolean';
    if (!isList && !isSwitch && typeof value !== 'string' && typeof value !== 'number') {
      const also = setting.takes === undefined ? '' : setting.takes === 'list' ? ', or a list' : ', or true or false';
      throw new GentError('USAGE', `${file}: ${name} must be a string or a number${also}`);
    }
    // A list reads as its items with commas between.
    config = { ...config, ...setting.read(String(value), `${file}: ${name}`) };
  }
  return config;
}

/**
 * The configuration in force.
 * @param flags - flag name without dashes → text
 * @param file - a JSON file of settings (names in camelCase, values as in flags)
 * @throws GentError USAGE, FILE_NOT_FOUND or FILE_UNREADABLE, naming the setting or the file
 */
export function trainerConfig(
  flags: Readonly<Record<string, string | undefined>>,
  file?: string,
  environment: NodeJS.ProcessEnv = process.env
): TrainerConfig {
  let config: TrainerConfig = { ...DEFAULT_TRAINER_CONFIG, ...(file === undefined ? {} : fromFile(file)) };
  for (const { flag, read } of TRAINER_SETTINGS) {
    const text = environment[variable(flag)];
    if (text !== undefined && text !== '') {
      config = { ...config, ...read(text, variable(flag)) };
    }
  }
  for (const { flag, read } of TRAINER_SETTINGS) {
    const text = flags[flag];
    if (text !== undefined) {
      config = { ...config, ...read(text, `--${flag}`) };
    }
  }
  return config;
}
