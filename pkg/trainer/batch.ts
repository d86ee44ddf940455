/** @file Batches of closed traces, kept small in memory: gzipped OTLP protobuf in pieces. */
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { groupSpans, newReadContext, parseOtlpProtobuf, otlpProtobuf, type Trace } from '../trace';

const gzipAsync = promisify(gzip);
/** Spans of one piece: large enough to compress well, small enough that packing one does not hold up receiving. */
const SPANS_A_PIECE = 2000;

export type ClosedBy = 'count' | 'age' | 'quiet' | 'spans' | 'shutdown';

/** A batch that takes no more traces. */
export interface ClosedBatch {
  readonly id: number;
  readonly closedBy: ClosedBy;
  readonly traces: number;
  readonly spans: number;
  /** Each a gzip member of an OTLP TracesData; one after the other they are one file that `gent train` reads. */
  readonly pieces: readonly Uint8Array[];
}

/** Traces packed by {@link BatchBuilder}, back in memory. A trace lies whole in one piece. */
export function unpackTraces(piece: Uint8Array): Trace[] {
  return groupSpans(parseOtlpProtobuf(gunzipSync(piece), newReadContext()));
}

/** The batch that takes traces now. */
export class BatchBuilder {
  private loose: Trace[] = [];
  private looseSpans = 0;
  private readonly pieces: Array<Promise<Uint8Array>> = [];
  private packedBytes = 0;
  traces = 0;
  spans = 0;

  /**
   * @param firstAt - ms, when the first trace came
   */
  constructor(
    readonly id: number,
    readonly firstAt: number
  ) {}

  /** Bytes held, those of traces not yet packed estimated. */
  get bytes(): number {
    return this.packedBytes + this.looseSpans * 1200;
  }

  add(trace: Trace): void {
    this.loose.push(trace);
    this.traces++;
    this.spans += trace.spans.length;
    this.looseSpans += trace.spans.length;
    if (this.looseSpans >= SPANS_A_PIECE) {
      this.pack();
    }
  }

  private pack(): void {
    if (this.loose.length === 0) {
      return;
    }
    const bytes = otlpProtobuf(this.loose);
    this.loose = [];
    this.looseSpans = 0;
    // Level 1: four fifths of the gain for a fraction of the time. It runs on zlib's own threads.
    const piece = gzipAsync(bytes, { level: 1 }).then((zipped) => {
      this.packedBytes += zipped.length;
      return zipped;
    });
    this.pieces.push(piece);
  }

  async close(closedBy: ClosedBy): Promise<ClosedBatch> {
    this.pack();
    return {
      id: this.id,
      closedBy,
      traces: this.traces,
      spans: this.spans,
      pieces: await Promise.all(this.pieces),
    };
  }
}
