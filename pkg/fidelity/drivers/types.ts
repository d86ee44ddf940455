/** @file What produces traces that stand for real ones: a model, a sampler, another program. */
import type { Trace } from '../../trace';
import type { SpanTable } from '../span-table';

/** The real traces, as a table and as a stream that can be read again. */
export interface TraceSource {
  readonly table: SpanTable;
  read(): AsyncIterable<Trace>;
}

/** Bytes of what a driver keeps or writes; null = not measured or does not apply. */
export interface Sizes {
  /** OTLP/JSON, one trace a line. */
  readonly raw: number | null;
  /** The same, gzip -9. */
  readonly gzip: number | null;
  /** Of the model that the traces came from. */
  readonly model: number | null;
}

export const NO_SIZES: Sizes = { raw: null, gzip: null, model: null };

/** What a driver made. The table's `weight` is how many real traces each of its traces stands for. */
export interface Produced {
  readonly table: SpanTable;
  readonly sizes: Sizes;
}

export interface Driver {
  readonly name: string;
  /** model: generated traces; sample: real ones; columns and external: neither is ours. */
  readonly kind: 'model' | 'sample' | 'columns' | 'external';
  /**
   * Makes the traces. The same seed makes the same traces.
   * @throws GentError of the driver's own work; CANCELLED
   */
  produce(source: TraceSource, seed: number, signal?: AbortSignal): Promise<Produced>;
}

/** A driver that keeps some of the real traces whole: its bytes can be told without producing. */
export interface SamplingDriver extends Driver {
  readonly kind: 'sample';
  /** Whether it keeps the trace. @param idHash - `hashText` of the trace id */
  keepsTrace(trace: Trace, idHash: number, seed: number): boolean;
}
