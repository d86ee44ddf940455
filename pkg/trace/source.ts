/** @file Bytes of inputs: a file, every file of a directory, or stdin; unzipped where they are gzip. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { GentError } from '../common';

const READ_BYTES = 256 * 1024;
/** What is unzipped at a time: deflate makes a thousandfold of it at most, so 32 MiB are held of the worst file. */
const UNZIP_BYTES = 32 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

/** One input, by name and how to read it. */
export interface ByteSource {
  readonly name: string;
  /** Whether it was found in a directory rather than named by a person. */
  readonly found: boolean;
  open(): AsyncIterable<Buffer>;
}

function codedFileError(error: unknown, name: string): GentError {
  if (error instanceof GentError) {
    return error;
  }
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT'
    ? new GentError('FILE_NOT_FOUND', `${name} does not exist`, { cause: error })
    : new GentError('FILE_UNREADABLE', `${name}: ${(error as Error).message}`, { cause: error });
}

async function filesBelow(directory: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(directory, entry.name);
    if (entry.name.startsWith('.')) {
      continue;
    }
    if (entry.isDirectory()) {
      files.push(...(await filesBelow(file)));
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      files.push(file);
    }
  }
  return files;
}

function fileSource(file: string, found: boolean): ByteSource {
  return {
    name: file,
    found,
    async *open() {
      try {
        yield* createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
      } catch (error) {
        throw codedFileError(error, file);
      }
    },
  };
}

/**
 * The sources that these inputs name, in order: '-' is stdin, a directory is every file below it (sorted by name, hidden
 * ones left out).
 * @throws GentError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function byteSources(
  inputs: readonly string[],
  stdin: AsyncIterable<Buffer> = process.stdin
): Promise<ByteSource[]> {
  const sources: ByteSource[] = [];
  for (const input of inputs) {
    if (input === '-') {
      sources.push({ name: 'stdin', found: false, open: () => stdin });
      continue;
    }
    try {
      if ((await stat(input)).isDirectory()) {
        sources.push(...(await filesBelow(input)).map((file) => fileSource(file, true)));
      } else {
        sources.push(fileSource(input, false));
      }
    } catch (error) {
      throw codedFileError(error, input);
    }
  }
  return sources;
}

/** The same bytes in pieces of `most` at most. */
async function* pieces(chunks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += most) {
      yield chunk.subarray(at, at + most);
    }
  }
}

/** Unzips chunk by chunk; what can be unzipped before a damage is given out before the error is thrown. */
async function* gunzipChunks(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  let ready: Buffer[] = [];
  let failure: Error | undefined;
  let wake = (): void => undefined;
  gunzip.on('data', (chunk: Buffer) => ready.push(chunk));
  gunzip.on('error', (error) => {
    failure = error;
    wake();
  });
  gunzip.on('end', () => wake());
  const step = (run: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      run(resolve);
    });
  try {
    for await (const piece of pieces(chunks, UNZIP_BYTES)) {
      // Waiting for each write keeps what is held to one piece's worth, and loses nothing when the next one is damaged.
      await step((done) => gunzip.write(piece, done));
      const batch = ready;
      ready = [];
      yield* batch;
      if (failure !== undefined) {
        break;
      }
    }
    if (failure === undefined) {
      await step(() => gunzip.end());
      yield* ready;
    }
  } finally {
    gunzip.destroy();
  }
  if (failure !== undefined) {
    throw new GentError('TRACE_GZIP_CORRUPT', `${name}: ${failure.message}`, { cause: failure });
  }
}

/**
 * The bytes of a source, unzipped when they begin as gzip does.
 * @throws GentError TRACE_GZIP_CORRUPT after what was readable, FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function* readBytes(source: ByteSource): AsyncGenerator<Buffer> {
  const iterator = source.open()[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await iterator.next();
    if (next.done === true) {
      break;
    }
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) {
        yield head;
      }
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  if (GZIP_MAGIC.every((byte, i) => head[i] === byte)) {
    yield* gunzipChunks(whole(), source.name);
  } else {
    yield* whole();
  }
}
