/**
 * @file The file that a download writes: traces as lines, each once, and beside it what is done, so that a download that was
 * stopped goes on where it was.
 */
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, mkdir, open, readFile, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { GentError } from '../../common';
import { jaegerJson, otlpJson, type Trace } from '../../trace';

/** A line as it begins, in either form: the first trace id in it is that of its trace. */
const TRACE_ID = /"trace(?:Id|ID)":"([0-9a-fA-F]{1,32})"/;

export type LineForm = 'otlp' | 'jaeger';

/** One trace as a line. */
export function lineOf(trace: Trace, form: LineForm): string {
  return form === 'otlp' ? otlpJson([trace]) : jaegerJson([trace]);
}

const unwritable = (file: string, error: unknown): GentError =>
  new GentError('FILE_UNWRITABLE', `${file}: ${(error as Error).message}`, { cause: error });

export class DownloadTarget {
  private readonly ids = new Set<string>();
  private readonly done = new Set<string>();
  written = 0;

  private constructor(
    readonly file: string,
    private readonly form: LineForm
  ) {}

  /** Where it is noted what is done. */
  private get notes(): string {
    return `${this.file}.progress`;
  }

  /**
   * @param resume - go on with the file as it is; otherwise it must not be there
   * @throws GentError USAGE, FILE_*
   */
  static async open(file: string, form: LineForm, resume: boolean): Promise<DownloadTarget> {
    if (file.endsWith('.gz')) {
      throw new GentError('USAGE', `--out ${file}: a file that is gone on with is written plain; gzip it afterwards`);
    }
    if (!resume && existsSync(file)) {
      throw new GentError('USAGE', `--out ${file} is there: remove it, or go on with it by --resume`);
    }
    const target = new DownloadTarget(file, form);
    await mkdir(path.dirname(file), { recursive: true });
    if (resume && existsSync(file)) {
      await target.readBack();
    } else {
      await rm(target.notes, { force: true });
      await appendFile(file, '').catch((error: unknown) => {
        throw unwritable(file, error);
      });
    }
    return target;
  }

  private async readBack(): Promise<void> {
    // A line without an end was being written when the download stopped.
    await truncate(this.file, await endOfLastLine(this.file));
    for await (const line of createInterface({ input: createReadStream(this.file), crlfDelay: Infinity })) {
      const id = TRACE_ID.exec(line)?.[1];
      if (id !== undefined) {
        this.ids.add(id.toLowerCase().padStart(32, '0'));
      }
    }
    const notes = existsSync(this.notes) ? await readFile(this.notes, 'utf8') : '';
    notes.split('\n').forEach((line) => this.done.add(line));
  }

  get traces(): number {
    return this.ids.size;
  }

  isDone(part: string): boolean {
    return this.done.has(part);
  }

  /** Appends the traces that are not there yet, then notes that the part is done. @throws GentError FILE_UNWRITABLE */
  async add(traces: readonly Trace[], part: string): Promise<void> {
    const fresh = traces.filter(({ traceId }) => !this.ids.has(traceId));
    try {
      if (fresh.length > 0) {
        await appendFile(this.file, fresh.map((trace) => `${lineOf(trace, this.form)}\n`).join(''));
      }
      await appendFile(this.notes, `${part}\n`);
    } catch (error) {
      throw unwritable(this.file, error);
    }
    fresh.forEach(({ traceId }) => this.ids.add(traceId));
    this.written += fresh.length;
    this.done.add(part);
  }

  /** All parts are done: the notes are not needed any more. */
  async finish(): Promise<void> {
    await rm(this.notes, { force: true });
  }
}

/** Bytes up to the end of the last whole line. */
async function endOfLastLine(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const chunk = Buffer.alloc(64 * 1024);
    for (let end = (await handle.stat()).size; end > 0;) {
      const from = Math.max(0, end - chunk.length);
      const { bytesRead } = await handle.read(chunk, 0, end - from, from);
      const at = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
      if (at >= 0) {
        return from + at + 1;
      }
      end = from;
    }
    return 0;
  } finally {
    await handle.close();
  }
}
