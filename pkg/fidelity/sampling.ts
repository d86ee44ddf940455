/** @file Head sampling 1:N: which traces it keeps, the table of them, and their bytes. */
import { createGzip } from 'node:zlib';
import { otlpJsonLines, type Trace } from '../trace';
import { hashText, type SpanTable, subset } from './span-table';

/** Whether a sampler 1:ratio with this seed keeps a trace, by the hash of its id. */
export function keeps(idHash: number, ratio: number, seed: number): boolean {
  let hash = (idHash ^ Math.imul(seed + 1, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < 1 / ratio;
}

/** The traces that head sampling keeps, each counting for `ratio`. */
export function headSample(table: SpanTable, ratio: number, seed: number): SpanTable {
  const chosen: number[] = [];
  for (let trace = 0; trace < table.traces; trace++) {
    if (keeps(table.idHash[trace] as number, ratio, seed)) {
      chosen.push(trace);
    }
  }
  return subset(table, chosen, ratio);
}

/** Bytes of traces as OTLP/JSON, one a line, gzip -9: of all of them, and of what each ratio keeps (one seed). */
export async function sampledBytes(
  traces: AsyncIterable<Trace>,
  ratios: readonly number[],
  seed: number
): Promise<Map<number, number>> {
  const streams = [1, ...ratios].map((ratio) => {
    const gzip = createGzip({ level: 9 });
    const own = { ratio, gzip, bytes: 0, ended: Promise.resolve() };
    gzip.on('data', (chunk: Buffer) => (own.bytes += chunk.length));
    own.ended = new Promise<void>((resolve, reject) => gzip.on('end', () => resolve()).on('error', reject));
    return own;
  });
  for await (const trace of traces) {
    const hash = hashText(trace.traceId);
    let text = '';
    for await (const line of otlpJsonLines([trace])) {
      text += line;
    }
    for (const { ratio, gzip } of streams) {
      if ((ratio === 1 || keeps(hash, ratio, seed)) && !gzip.write(text)) {
        await new Promise((resolve) => gzip.once('drain', resolve));
      }
    }
  }
  streams.forEach(({ gzip }) => gzip.end());
  await Promise.all(streams.map((own) => own.ended));
  return new Map(streams.map(({ ratio, bytes }) => [ratio, bytes]));
}
