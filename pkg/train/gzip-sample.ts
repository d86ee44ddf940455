/** @file What gzip -9 would leave of a batch as OTLP/JSON, from a few of its traces: the space that a model stands for. */
import { gzip } from 'pako';
import { otlpJson, type Trace } from '../trace';

/** Traces kept: at least half as many, evenly spread over the batch, as long as they are not too large. */
const MOST_TRACES = 256;
const MOST_SPANS = 20_000;
/** gzip sees 32 KiB back, so a few hundred traces compress about as well as many. */
const LEVEL = 9;

/** Keeps every so many-th trace; how many is doubled as the batch grows. */
export class GzipSample {
  private kept: Trace[] = [];
  private spans = 0;
  private stride = 1;
  private seen = 0;

  add(trace: Trace): void {
    if (this.seen++ % this.stride !== 0) {
      return;
    }
    this.kept.push(trace);
    this.spans += trace.spans.length;
    while (this.kept.length > 1 && (this.kept.length > MOST_TRACES || this.spans > MOST_SPANS)) {
      this.kept = this.kept.filter((_, i) => i % 2 === 0);
      this.spans = this.kept.reduce((sum, { spans }) => sum + spans.length, 0);
      this.stride *= 2;
    }
  }

  /** Bytes that gzip -9 leaves of a span of the sample as OTLP/JSON, one trace a line; undefined without a span. */
  bytesASpan(): number | undefined {
    if (this.spans === 0) {
      return undefined;
    }
    const lines = this.kept.map((trace) => `${otlpJson([trace])}\n`).join('');
    return gzip(new TextEncoder().encode(lines), { level: LEVEL }).length / this.spans;
  }
}
