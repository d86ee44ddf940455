/**
 * @file Files of a bucket kept on local disk, within STORE_CACHE_BYTES; the longest unused ones go first. Several
 * processes may share a directory: files appear whole, and one that vanishes is fetched again. A cache that cannot be
 * used is said once and then left alone.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { limit, type Logger } from '../../common';

/** How full the cache is after making room, so that not every file makes room anew. */
const FILL = 0.9;
/** Names that this file writes; nothing else in the directory is touched. */
const OWN = /^[0-9a-f]{64}(\.[0-9a-f]{12}\.tmp)?$/;
const STALE_TEMPORARY_MS = 60 * 60 * 1000;

/** GENT_STORE_CACHE, else the user's cache directory. '' in the environment: none. */
export function defaultCacheDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env
): string | undefined {
  const named = env.GENT_STORE_CACHE;
  if (named !== undefined) {
    return named === '' ? undefined : named;
  }
  const base = env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(base, 'gent', 'models');
}

/** A cache by text keys, e.g. address and ETag. */
export class LocalCache {
  private usable: boolean;
  private ready: Promise<void> | undefined;
  /** Bytes written since the directory was last measured; undefined: not measured yet. */
  private held: number | undefined;
  /** The last file that is being written, or was. */
  private writing = Promise.resolve();

  constructor(
    private readonly directory: string | undefined,
    private readonly logger: Logger
  ) {
    this.usable = directory !== undefined;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (!this.usable) {
      return undefined;
    }
    const file = this.file(key);
    try {
      const bytes = await readFile(file);
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);
      return bytes;
    } catch {
      return undefined;
    }
  }

  /** Keeps a file. One after another: what makes room for one must see those before it on disk. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.writing = this.writing.then(async () => this.write(key, bytes));
    return this.writing;
  }

  private async write(key: string, bytes: Uint8Array): Promise<void> {
    if (!this.usable || bytes.length > limit('STORE_CACHE_BYTES') * FILL) {
      return;
    }
    const file = this.file(key);
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      this.ready ??= mkdir(this.directory as string, { recursive: true, mode: 0o700 }).then(() => undefined);
      await this.ready;
      await this.makeRoom(bytes.length);
      await writeFile(temporary, bytes, { mode: 0o600 });
      await rename(temporary, file);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      this.usable = false;
      this.logger.warn('models of the bucket are not kept on disk', {
        directory: this.directory,
        problem: (error as Error).message,
      });
    }
  }

  private file(key: string): string {
    return path.join(this.directory as string, createHash('sha256').update(key).digest('hex'));
  }

  private async makeRoom(bytes: number): Promise<void> {
    const most = limit('STORE_CACHE_BYTES');
    if (this.held !== undefined && this.held + bytes <= most) {
      this.held += bytes;
      return;
    }
    const files: Array<{ file: string; bytes: number; used: number }> = [];
    let held = 0;
    for (const name of await readdir(this.directory as string)) {
      const own = OWN.exec(name);
      const file = path.join(this.directory as string, name);
      const stats = own === null ? undefined : await stat(file).catch(() => undefined);
      if (stats === undefined) {
        continue;
      }
      if (own?.[1] !== undefined && Date.now() - stats.mtimeMs > STALE_TEMPORARY_MS) {
        await unlink(file).catch(() => undefined);
        continue;
      }
      held += stats.size;
      files.push({ file, bytes: stats.size, used: stats.mtimeMs });
    }
    if (held + bytes > most) {
      for (const old of files.sort((a, b) => a.used - b.used)) {
        if (held + bytes <= most * FILL) {
          break;
        }
        await unlink(old.file).catch(() => undefined);
        held -= old.bytes;
      }
    }
    this.held = held + bytes;
  }
}
