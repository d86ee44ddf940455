/** @file What a receiver is, and what it hands spans to. OTLP/HTTP is one; others take the same place. */
import type { Span } from '../trace';
import type { ReceivedBody } from './log-records';

/** Whether spans can be taken now. */
export type Admission =
  | { readonly accept: true }
  | {
      readonly accept: false;
      /** full: buffers are full, come back; closing: the trainer is shutting down. */
      readonly reason: 'full' | 'closing';
      readonly retryAfterSeconds: number;
    };

/** Where received spans go. */
export interface SpanSink {
  /** To be asked before a request is read. */
  admission(): Admission;
  /**
   * Takes spans. A receiver acknowledges after the promise resolves, not before.
   * @param spans - spans with valid ids
   * @param body - what they were read from
   * @throws GentError TRAINER_LOG when they cannot be kept, and so must not be acknowledged
   */
  accept(spans: readonly Span[], body: ReceivedBody): Promise<void>;
}

/** A way in for spans. */
export interface Receiver {
  /** For logs and metrics, such as `otlp-http`. */
  readonly name: string;
  /** Begins to receive. @returns the address in force, such as http://127.0.0.1:4318 */
  start(): Promise<string>;
  /**
   * Ends receiving; requests under way are answered. Called when everything held is published: until then the sink
   * refuses with `closing`, and senders are told so.
   */
  stop(): Promise<void>;
}
