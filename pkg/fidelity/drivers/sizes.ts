/** @file Bytes of traces as OTLP/JSON, one a line: raw and gzip -9, of all of them and of what samplers keep. */
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import { otlpJson, type Trace } from '../../trace';
import { hashText } from '../span-table';
import type { SamplingDriver, Sizes } from './types';

const CHUNK_CHARACTERS = 256 * 1024;

/** Counts what is written to it, raw and compressed. */
class SizeCounter {
  private readonly gzip: Gzip = createGzip({ level: 9 });
  private readonly ended: Promise<void>;
  private pending: string[] = [];
  private characters = 0;
  private raw = 0;
  private compressed = 0;

  constructor() {
    this.gzip.on('data', (chunk: Buffer) => (this.compressed += chunk.length));
    this.ended = new Promise((resolve, reject) => this.gzip.on('end', () => resolve()).on('error', reject));
  }

  async add(line: string): Promise<void> {
    this.pending.push(line);
    this.characters += line.length;
    if (this.characters >= CHUNK_CHARACTERS) {
      await this.flush();
    }
  }

  private async flush(): Promise<void> {
    const chunk = Buffer.from(this.pending.join(''));
    this.pending = [];
    this.characters = 0;
    this.raw += chunk.length;
    if (!this.gzip.write(chunk)) {
      await once(this.gzip, 'drain');
    }
  }

  async finish(): Promise<Sizes> {
    await this.flush();
    this.gzip.end();
    await this.ended;
    return { raw: this.raw, gzip: this.compressed, model: null };
  }
}

/** Sizes of all the traces, and by name of what each sampler keeps with this seed; one pass. */
export async function sizesOf(
  traces: AsyncIterable<Trace>,
  samplers: readonly SamplingDriver[] = [],
  seed = 1
): Promise<{ all: Sizes; kept: Map<string, Sizes> }> {
  const whole = new SizeCounter();
  const counters = samplers.map((sampler) => ({ sampler, counter: new SizeCounter() }));
  for await (const trace of traces) {
    const line = `${otlpJson([trace])}\n`;
    await whole.add(line);
    const idHash = hashText(trace.traceId);
    for (const { sampler, counter } of counters) {
      if (sampler.keepsTrace(trace, idHash, seed)) {
        await counter.add(line);
      }
    }
  }
  const kept = new Map<string, Sizes>();
  for (const { sampler, counter } of counters) {
    kept.set(sampler.name, await counter.finish());
  }
  return { all: await whole.finish(), kept };
}
