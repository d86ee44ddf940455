/** @file Every trace of every service of a Jaeger in a time range, however few it answers at a time. */
import { GentError } from '../../common';
import type { JaegerClient, MicroRange } from './client';
import type { DownloadTarget } from './target';

export interface DownloadOptions {
  readonly client: JaegerClient;
  readonly target: DownloadTarget;
  readonly range: MicroRange;
  /** All when left out. */
  readonly services?: readonly string[];
  /** Traces asked for at a time. */
  readonly most: number;
  readonly onProgress?: (service: string, traces: number) => void;
  /** Told of a moment that holds more traces than can be asked for. */
  readonly onFull?: (service: string, at: bigint) => void;
}

export interface Downloaded {
  readonly services: number;
  /** Written now. */
  readonly traces: number;
  /** In the file, those of an earlier start included. */
  readonly inFile: number;
}

/** Below this a range is not cut any more, µs. */
const SHORTEST = 1n;

const partOf = (service: string, { start, end }: MicroRange): string => JSON.stringify([service, `${start}`, `${end}`]);

/**
 * Downloads. An answer of as many traces as were asked for may lack some: its range is cut in halves and asked for again.
 * Jaeger's own traces are left out unless they are asked for by name.
 * @throws GentError JAEGER_*, FILE_UNWRITABLE, CANCELLED
 */
export async function downloadTraces(options: DownloadOptions): Promise<Downloaded> {
  const { client, target, range, most, onProgress, onFull } = options;
  const found = options.services ?? (await client.services()).filter((name) => !name.startsWith('jaeger'));
  if (found.length === 0) {
    throw new GentError('JAEGER_EMPTY', 'it knows of no service');
  }
  for (const service of found) {
    const left: MicroRange[] = [range];
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      const name = partOf(service, part);
      if (target.isDone(name)) {
        continue;
      }
      const traces = await client.traces(service, part, most);
      const cut = traces === undefined || traces.length >= most;
      if (cut && part.end - part.start > SHORTEST) {
        const middle = (part.start + part.end) / 2n;
        // The earlier half is asked for first: files are easier to read in the order of time.
        left.push({ start: middle + 1n, end: part.end }, { start: part.start, end: middle });
        continue;
      }
      if (traces === undefined) {
        throw new GentError('LIMIT_EXCEEDED', `one moment of ${service} is larger than REMOTE_ANSWER_BYTES`);
      }
      if (cut) {
        onFull?.(service, part.start);
      }
      await target.add(traces, name);
      onProgress?.(service, target.traces);
    }
  }
  await target.finish();
  return { services: found.length, traces: target.written, inFile: target.traces };
}
