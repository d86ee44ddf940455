/** @file How much memory an answer takes: an estimate that is kept while the answer grows. */
import { GentError, limit } from '../common';
import type { AttributeValue } from '../trace';

/** Memory of an object with a few fields, of a text beside its characters, and of a sample. */
const OBJECT_BYTES = 80;
const TEXT_BYTES = 24;
/** A sample with its time, value and bounds. */
export const SAMPLE_BYTES = 64;

/** Memory of an attribute's value, roughly. */
export function valueBytes(value: AttributeValue): number {
  if (typeof value === 'string') {
    return TEXT_BYTES + 2 * value.length;
  }
  if (value instanceof Uint8Array) {
    return OBJECT_BYTES + value.length;
  }
  if (Array.isArray(value)) {
    return (value as readonly AttributeValue[]).reduce<number>((sum, one) => sum + valueBytes(one), OBJECT_BYTES);
  }
  return OBJECT_BYTES;
}

/** Adds up what an answer takes. */
export class AnswerBytes {
  private held = 0;
  private readonly most = limit('QUERY_ANSWER_BYTES');

  /** @throws GentError QUERY_MEMORY when the answer would take more than QUERY_ANSWER_BYTES */
  add(bytes: number): void {
    this.held += bytes;
    if (this.held > this.most) {
      throw new GentError('QUERY_MEMORY', `the answer takes more than QUERY_ANSWER_BYTES=${this.most}`);
    }
  }

  /** Adds attributes. */
  addAttributes(attributes: ReadonlyArray<{ readonly key: string; readonly value: AttributeValue }>): void {
    for (const { key, value } of attributes) {
      this.add(OBJECT_BYTES + key.length + valueBytes(value));
    }
  }
}
