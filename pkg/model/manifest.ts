/** @file The manifest of a model: what a person or a catalogue needs to know without generating anything. */
import { createHash } from 'node:crypto';
import { GentError } from '../common';
import type { Section } from './container';

/** One operation of the batch and what was seen of it. Durations in ns. */
export interface OperationSummary {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly spans: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

/** Settings a model was trained with, and what training reached. */
export interface TrainingSummary {
  readonly seed: number;
  readonly epochs: number;
  readonly rows: number;
  readonly parameters: number;
  /** Parts that were left out, to measure what they are worth. */
  readonly without?: readonly string[];
  /** Nats a row; absent where there was nothing to learn. */
  readonly trainLoss?: number;
  readonly heldOutLoss?: number;
  readonly integerLoss?: number;
  /** Id of the model whose network training went on from. */
  readonly from?: string;
  /** Why it did not, where it was to go on from one. */
  readonly anew?: string;
  /** How many embedding rows of the network were taken over from it, of how many. */
  readonly takenOver?: { readonly rows: number; readonly of: number };
}

/**
 * How far answers of a model lie from the real ones over short times, by kind of answer: noise, in spans that say as much as
 * one, and bias, a relative variance (docs/fidelity.md).
 */
export interface AnswerErrors {
  readonly count: readonly [noise: number, bias: number];
  readonly mean: readonly [noise: number, bias: number];
  readonly quantile: readonly [noise: number, bias: number];
  readonly tail: readonly [noise: number, bias: number];
}

/** Contents of the section `manifest`, as JSON. Times are decimal strings of ns. */
export interface Manifest {
  readonly format: number;
  /** 32 hex digits: SHA-256 over names and hashes of the other sections. */
  readonly id: string;
  readonly generator: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly counts: {
    readonly traces: number;
    readonly spans: number;
    readonly errors: number;
    readonly shapes: number;
    readonly services: number;
    readonly operations: number;
    readonly exemplars: number;
    /** Seconds of a time bucket of the counts. */
    readonly bucketSeconds: number;
  };
  readonly services: readonly string[];
  readonly operations: readonly OperationSummary[];
  readonly attributes: {
    readonly span: readonly string[];
    readonly resource: readonly string[];
    readonly event: readonly string[];
  };
  /** A value seen in fewer traces than this is not in the model. */
  readonly privacyK: number;
  readonly training: TrainingSummary;
  /** Stored bytes of each other section. */
  readonly sections: Readonly<Record<string, number>>;
  /** Hashes of the ids of exemplars, see {@link mayHoldExemplar}; absent without exemplars. */
  readonly exemplarIds?: string;
  /** Measures on the model's own batch, where they were taken. */
  readonly fidelity?: Readonly<Record<string, number | null>>;
  /** Errors of answers, where they were measured. */
  readonly answerErrors?: AnswerErrors;
}

/** No model is worse by far. */
const MOST_ERROR = 1e6;

/** The id of a model: a hash over what it is made of, so that equal models have equal ids. */
export function modelIdOf(sections: readonly Section[]): string {
  const hash = createHash('sha256');
  for (const section of [...sections].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (section.name !== 'manifest') {
      hash.update(`${section.name}\0${section.sha256}\n`);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function check(condition: boolean, what: string): void {
  if (!condition) {
    throw new GentError('MODEL_CORRUPT', `section manifest: ${what}`);
  }
}

const COUNTS = ['traces', 'spans', 'errors', 'shapes', 'services', 'operations', 'exemplars', 'bucketSeconds'];

/**
 * Parses and checks a manifest.
 * @throws GentError MODEL_CORRUPT naming what is wrong
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new GentError('MODEL_CORRUPT', 'section manifest: it is not JSON', { cause: error });
  }
  check(isRecord(value), 'it is not an object');
  const manifest = value as Record<string, unknown>;
  const { window, counts, services, operations, attributes, training, sections } = manifest;
  check(typeof manifest.id === 'string' && /^[0-9a-f]{32}$/.test(manifest.id), 'bad id');
  check(isCount(manifest.format) && typeof manifest.generator === 'string', 'bad format or generator');
  check(isCount(manifest.privacyK), 'bad privacyK');
  const nanos = (text: unknown): boolean => typeof text === 'string' && /^\d{1,20}$/.test(text);
  check(isRecord(window) && nanos(window.start) && nanos(window.end), 'bad window');
  check(isRecord(counts) && COUNTS.every((key) => isCount(counts[key])), 'bad counts');
  check(Array.isArray(services) && services.every((name) => typeof name === 'string'), 'bad services');
  check(
    Array.isArray(operations) &&
      operations.every(
        (operation) =>
          isRecord(operation) &&
          typeof operation.service === 'string' &&
          typeof operation.name === 'string' &&
          ['kind', 'spans', 'errors', 'p50', 'p99'].every((key) => typeof operation[key] === 'number')
      ),
    'bad operations'
  );
  const keys = (list: unknown): boolean => Array.isArray(list) && list.every((key) => typeof key === 'string');
  check(
    isRecord(attributes) && ['span', 'resource', 'event'].every((scope) => keys(attributes[scope])),
    'bad attributes'
  );
  check(
    isRecord(training) && ['seed', 'epochs', 'rows', 'parameters'].every((key) => isCount(training[key])),
    'bad training'
  );
  const { exemplarIds, fidelity, answerErrors } = manifest;
  const isMeasure = (value: unknown): boolean => value === null || typeof value === 'number';
  check(fidelity === undefined || (isRecord(fidelity) && Object.values(fidelity).every(isMeasure)), 'bad fidelity');
  const isError = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((one) => typeof one === 'number' && one >= 0 && one <= MOST_ERROR);
  check(
    answerErrors === undefined ||
      (isRecord(answerErrors) && ['count', 'mean', 'quantile', 'tail'].every((kind) => isError(answerErrors[kind]))),
    'bad answerErrors'
  );
  check(exemplarIds === undefined || typeof exemplarIds === 'string', 'bad exemplarIds');
  check(isRecord(sections) && Object.values(sections).every(isCount), 'bad sections');
  return value as Manifest;
}
