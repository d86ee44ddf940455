/**
 * @file The write-ahead log: what was received is in it before it is acknowledged, and leaves it when its batch is
 * published. Segments of one directory, numbered; the oldest go when nothing in them is needed any more. A process that is
 * killed loses nothing acknowledged; a machine that loses power, what came within SYNC_MS before.
 */
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  truncate,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import path from 'node:path';
import { GentError, limit, type Logger } from '../common';
import { decodeRecords, encodeRecord, type DoneTrace, type LogRecord, type ReceivedBody } from './log-records';

const SEGMENT_BYTES = 32 * 1024 * 1024;
const SYNC_MS = 1000;
const SEGMENT = /^(\d{16})\.log$/;
const LOCK = 'lock';

interface Segment {
  readonly file: string;
  /** Number of its first record. */
  readonly first: number;
  bytes: number;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Logs that this process has open. */
const opened = new Set<string>();

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One log. Made with {@link WriteAheadLog.open}. */
export class WriteAheadLog {
  private readonly segments: Segment[] = [];
  private next = 1;
  private file: FileHandle | undefined;
  private waiting: Waiting[] = [];
  private writing: Promise<void> = Promise.resolve();
  private draining = false;
  private timer: NodeJS.Timeout | undefined;
  private unsynced = false;
  private busy = false;

  private constructor(
    private readonly directory: string,
    private readonly logger: Logger
  ) {}

  /**
   * Opens a log, made when it is not there; one process at a time.
   * @throws GentError TRAINER_LOG when the directory cannot be used, or another process uses it
   */
  static async open(directory: string, logger: Logger): Promise<WriteAheadLog> {
    const log = new WriteAheadLog(directory, logger);
    try {
      await mkdir(directory, { recursive: true });
      await log.lock();
      for (const name of (await readdir(directory)).sort()) {
        const match = SEGMENT.exec(name);
        if (match !== null) {
          const file = path.join(directory, name);
          log.segments.push({ file, first: Number(match[1]), bytes: (await stat(file)).size });
        }
      }
    } catch (error) {
      if (error instanceof GentError) {
        throw error;
      }
      throw new GentError('TRAINER_LOG', `${directory}: ${(error as Error).message}`, { cause: error });
    }
    log.timer = setInterval(() => void log.sync(), SYNC_MS);
    log.timer.unref();
    return log;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Whether more would be over TRAINER_LOG_BYTES. */
  get full(): boolean {
    return this.bytes >= limit('TRAINER_LOG_BYTES');
  }

  /**
   * What was received and is not done with, in order. To be read once, before the first {@link append}. A torn end is cut off;
   * damage elsewhere is logged, and the rest of that segment left out.
   */
  async *replay(): AsyncGenerator<{ number: number; body: ReceivedBody; done: (traceId: string) => boolean }> {
    const done = new Map<string, number>();
    for (const segment of this.segments) {
      for (const record of await this.read(segment)) {
        this.next = Math.max(this.next, record.number + 1);
        if (record.kind === 'done') {
          record.traces.forEach(({ traceId, last }) => done.set(traceId, Math.max(last, done.get(traceId) ?? 0)));
        }
      }
      this.next = Math.max(this.next, segment.first);
    }
    for (const segment of [...this.segments]) {
      for (const record of await this.read(segment)) {
        if (record.kind === 'received') {
          const { number, body } = record;
          yield { number, body, done: (traceId) => (done.get(traceId) ?? 0) >= number };
        }
      }
    }
  }

  /** Number of the oldest record there is. */
  get first(): number | undefined {
    return this.segments[0]?.first;
  }

  /**
   * Writes a body.
   * @returns its number at once, and when it is written: calls resolve in the order in which they were made. Rejects with
   *   GentError TRAINER_LOG when it could not be written, and so must not be acknowledged
   */
  append(body: ReceivedBody): { readonly number: number; readonly written: Promise<void> } {
    const number = this.next++;
    return { number, written: this.write({ kind: 'received', number, body }) };
  }

  /**
   * Notes that traces are done with, and removes the segments that nothing needs any more.
   * @param oldest - number of the oldest record with something that is not done; undefined: everything is
   */
  async done(traces: readonly DoneTrace[], oldest: () => number | undefined): Promise<void> {
    await this.write({ kind: 'done', number: this.next++, traces });
    const needed = oldest();
    const removed: Segment[] = [];
    while (this.segments[1] !== undefined && (needed === undefined || this.segments[1].first <= needed)) {
      removed.push(...this.segments.splice(0, 1));
    }
    let file: FileHandle | undefined;
    if (needed === undefined && !this.busy && this.waiting.length === 0) {
      removed.push(...this.segments.splice(0));
      [file, this.file] = [this.file, undefined];
    }
    await file?.close();
    // The oldest first: a kill in between leaves what was noted as done for what is left.
    for (const segment of removed) {
      await unlink(segment.file).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.sync();
    await this.file?.close();
    this.file = undefined;
    opened.delete(path.join(this.directory, LOCK));
    await unlink(path.join(this.directory, LOCK)).catch(() => undefined);
  }

  private async lock(): Promise<void> {
    const file = path.join(this.directory, LOCK);
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    // In a container the process after a crash may have the number of the one before.
    if (opened.has(file) || (owner > 0 && owner !== process.pid && alive(owner))) {
      throw new GentError('TRAINER_LOG', `${this.directory} is in use by process ${owner}`);
    }
    await writeFile(`${file}.${process.pid}`, String(process.pid));
    await rename(`${file}.${process.pid}`, file);
    opened.add(file);
  }

  private async read(segment: Segment): Promise<LogRecord[]> {
    const bytes = await readFile(segment.file);
    const records: LogRecord[] = [];
    const iterator = decodeRecords(bytes);
    let step = iterator.next();
    for (; step.done !== true; step = iterator.next()) {
      records.push(step.value);
    }
    const whole = step.value;
    if (whole < bytes.length) {
      const last = segment === this.segments[this.segments.length - 1];
      const fields = { file: segment.file, bytes: bytes.length - whole };
      if (last) {
        this.logger.warn('the log ends in a record that was not written whole: it is cut off', fields);
        await truncate(segment.file, whole);
        segment.bytes = whole;
      } else {
        this.logger.error('the log is damaged: the rest of a segment is left out', fields);
      }
    }
    return records;
  }

  private write(record: LogRecord): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ bytes: encodeRecord(record), done, failed });
      if (!this.draining) {
        this.draining = true;
        this.writing = this.drain();
      }
    });
  }

  /** Writes what waits, all that came meanwhile together. */
  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      this.busy = true;
      try {
        const file = await this.current(batch[0] as Waiting);
        await file.appendFile(Buffer.concat(batch.map(({ bytes }) => bytes)));
        const segment = this.segments[this.segments.length - 1] as Segment;
        segment.bytes += batch.reduce((sum, { bytes }) => sum + bytes.length, 0);
        this.unsynced = true;
        this.busy = false;
        batch.forEach(({ done }) => done());
      } catch (error) {
        this.busy = false;
        const failure = new GentError('TRAINER_LOG', `${this.directory}: ${(error as Error).message}`, {
          cause: error,
        });
        // What was written in part must not stand before records that are whole.
        await this.file?.close().catch(() => undefined);
        this.file = undefined;
        batch.forEach(({ failed }) => failed(failure));
      }
    }
    // At once, with nothing awaited since the last look at what waits.
    this.draining = false;
  }

  /** The segment to write to: a new one after a start, after a failure, and when the last is large. */
  private async current(first: Waiting): Promise<FileHandle> {
    const last = this.segments[this.segments.length - 1];
    if (this.file !== undefined && last !== undefined && last.bytes < SEGMENT_BYTES) {
      return this.file;
    }
    await this.sync();
    await this.file?.close();
    this.file = undefined;
    const number = Number(first.bytes.readBigUInt64LE(13));
    const file = path.join(this.directory, `${String(number).padStart(16, '0')}.log`);
    this.file = await open(file, 'a');
    if (last?.file !== file) {
      this.segments.push({ file, first: number, bytes: 0 });
    }
    return this.file;
  }

  private async sync(): Promise<void> {
    if (this.unsynced) {
      this.unsynced = false;
      await this.file?.datasync().catch((error: Error) => {
        this.logger.error('the log could not be flushed', { problem: error.message });
      });
    }
  }
}
