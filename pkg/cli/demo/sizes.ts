/** @file How large the same traces are: as OTLP/JSON, gzipped as well as gzip can, and as a model. */
import { createGzip } from 'node:zlib';
import { otlpJson, type Trace } from '../../trace';

/** Bytes of the traces as OTLP/JSON lines and of those lines after gzip -9, counted while the traces pass by. */
export class SizeMeter {
  raw = 0;
  gzipped = 0;
  private readonly gzip = createGzip({ level: 9 });
  private readonly ended: Promise<void>;

  constructor() {
    this.gzip.on('data', (chunk: Buffer) => {
      this.gzipped += chunk.length;
    });
    this.ended = new Promise((resolve, reject) => {
      this.gzip.once('end', resolve);
      this.gzip.once('error', reject);
    });
  }

  /** Counts a trace; resolves when more can be taken. */
  async add(trace: Trace): Promise<void> {
    const line = Buffer.from(`${otlpJson([trace])}\n`);
    this.raw += line.length;
    if (!this.gzip.write(line)) {
      await new Promise((resolve) => this.gzip.once('drain', resolve));
    }
  }

  async end(): Promise<{ raw: number; gzipped: number }> {
    this.gzip.end();
    await this.ended;
    return { raw: this.raw, gzipped: this.gzipped };
  }
}
