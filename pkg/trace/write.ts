/** @file Writes traces as NDJSON, one trace a line, gzip where the name says so, as fast as the reader takes it. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { GentError } from '../common';
import { otlpJson } from './otlp-json-write';
import type { Trace } from './types';

const CHUNK_CHARACTERS = 256 * 1024;

export interface WriteTracesOptions {
  readonly signal?: AbortSignal;
  /** gzip level 1 to 9; default zlib's. */
  readonly gzipLevel?: number;
  /** Told after each chunk how many traces are written. */
  readonly onProgress?: (traces: number) => void;
  /** A trace as a line; OTLP/JSON when left out. */
  readonly lineOf?: (trace: Trace) => string;
}

/** OTLP/JSON lines in chunks of some 256 KiB: one trace a line. */
export async function* otlpJsonLines(
  traces: AsyncIterable<Trace> | Iterable<Trace>,
  onProgress?: (traces: number) => void,
  lineOf: (trace: Trace) => string = (trace) => otlpJson([trace])
): AsyncGenerator<string> {
  let lines: string[] = [];
  let size = 0;
  let count = 0;
  for await (const trace of traces) {
    const line = lineOf(trace);
    lines.push(line);
    size += line.length + 1;
    count++;
    if (size >= CHUNK_CHARACTERS) {
      yield `${lines.join('\n')}\n`;
      lines = [];
      size = 0;
      onProgress?.(count);
    }
  }
  if (lines.length > 0) {
    yield `${lines.join('\n')}\n`;
  }
  onProgress?.(count);
}

/**
 * Writes traces as OTLP/JSON, one trace a line, in constant memory. A file whose name ends in .gz is gzipped; '-' is stdout;
 * a stream is written to and left open. Missing directories are made. When it returns or throws, the file is closed.
 * @returns how many traces and spans were written
 * @throws GentError FILE_UNWRITABLE when the file cannot be written; CANCELLED
 */
export async function writeTraces(
  target: string | NodeJS.WritableStream,
  traces: AsyncIterable<Trace> | Iterable<Trace>,
  options: WriteTracesOptions = {}
): Promise<{ traces: number; spans: number }> {
  const counts = { traces: 0, spans: 0 };
  async function* counted(): AsyncGenerator<Trace> {
    for await (const trace of traces) {
      if (options.signal?.aborted === true) {
        throw new GentError('CANCELLED', 'writing traces was cancelled');
      }
      counts.traces++;
      counts.spans += trace.spans.length;
      yield trace;
    }
  }
  const lines = Readable.from(otlpJsonLines(counted(), options.onProgress, options.lineOf), { objectMode: false });
  let file: WriteStream | undefined;
  try {
    if (typeof target !== 'string' || target === '-') {
      await pipeline(lines, passTo(typeof target === 'string' ? process.stdout : target));
      return counts;
    }
    await mkdir(path.dirname(target), { recursive: true });
    file = createWriteStream(target);
    if (target.endsWith('.gz')) {
      await pipeline(lines, createGzip(options.gzipLevel === undefined ? {} : { level: options.gzipLevel }), file);
    } else {
      await pipeline(lines, file);
    }
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) {
      throw new GentError('FILE_UNWRITABLE', `${String(target)}: ${message}`, { cause: error });
    }
    throw error;
  } finally {
    // A pipeline that fails early does not wait for its file: it would be made after the caller was told, and perhaps cleaned up.
    if (file !== undefined && !file.closed) {
      await once(file, 'close');
    }
  }
  return counts;
}

/** Passes everything on to a stream that is not ours to end. */
function passTo(stream: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      if (stream.write(chunk)) {
        done();
        return;
      }
      const settle = (error?: Error): void => {
        stream.off('drain', drained).off('error', settle).off('close', closed);
        done(error);
      };
      const drained = (): void => settle();
      const closed = (): void => settle(new Error('the stream was closed while traces were written to it'));
      stream.on('drain', drained).on('error', settle).on('close', closed);
    },
  });
}
