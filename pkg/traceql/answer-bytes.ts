/** @file How much memory an answer takes: an estimate that is kept while the answer grows. */
import { GentError, limit } from '../common';
import type { AttributeValue, Trace } from '../trace';

/** Memory of an object with a few fields, of a text beside its characters, and of a sample. */
const OBJECT_BYTES = 80;
const TEXT_BYTES = 24;
/** A span beside its attributes, events and links. */
const SPAN_BYTES = 600;
/** A sample with its time, value and bounds. */
const SAMPLE_BYTES = 64;

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

  /** Adds a series. */
  addSeries(labels: ReadonlyArray<{ readonly key: string; readonly value: AttributeValue }>, samples: number): void {
    this.addAttributes(labels);
    this.add(samples * SAMPLE_BYTES);
  }

  /** Adds a whole trace. */
  addTrace({ spans }: Trace): void {
    for (const { attributes, events, links } of spans) {
      this.add(SPAN_BYTES + (events.length + links.length) * OBJECT_BYTES);
      this.addAttributes(attributes);
      events.forEach((event) => this.addAttributes(event.attributes));
      links.forEach((link) => this.addAttributes(link.attributes));
    }
  }
}
