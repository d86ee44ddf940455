/** @file The catalogue of a directory: lists files, reads each manifest once, says why a file is not used. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { asGentError, GentError, limit, type Logger } from '../common';
import { catalogueOf, type Look, mapFew } from './listing';
import type { ManifestFacts } from './manifest';
import { MODEL_EXTENSION } from './publishing';
import type { Catalogue, StoredModel } from './types';

const READ_AT_ONCE = 8;

/** Reads what the catalogue shows from one file. */
export type ReadFacts = (file: string, bytes: number) => Promise<ManifestFacts>;

interface Seen extends Look {
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** The files of one directory, remembered by name, size and time, so that an unchanged file is read once. */
export class DirectoryCatalogue {
  private seen = new Map<string, Seen>();

  constructor(
    private readonly directory: string,
    private readonly readFacts: ReadFacts,
    private readonly logger: Logger
  ) {}

  /** Marks a file as not usable until its size, time or inode changes. */
  reject(file: string, reason: string): void {
    const known = this.seen.get(file);
    if (known !== undefined && known.reason === undefined) {
      this.logger.warn('model file skipped', { file, reason });
      this.seen.set(file, { size: known.size, mtimeMs: known.mtimeMs, inode: known.inode, reason });
    }
  }

  /** Lists the directory and reads the manifests of new and changed files. */
  async refresh(): Promise<Catalogue> {
    const names = await this.names();
    const entries = await mapFew(names, READ_AT_ONCE, async (name) => [name, await this.look(name)] as const);
    const next = new Map<string, Seen>();
    for (const [name, seen] of entries) {
      if (seen !== undefined) {
        next.set(name, seen);
      }
    }
    this.seen = next;
    return catalogueOf(this.seen);
  }

  private async names(): Promise<string[]> {
    let found;
    try {
      found = await readdir(this.directory);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const what = code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a directory' : `: ${code ?? ''}`;
      throw new GentError('STORE_UNAVAILABLE', `the store ${this.directory} ${what}`, { cause: error });
    }
    const names = found.filter((name) => !name.startsWith('.')).sort();
    if (names.length > limit('STORE_FILES')) {
      throw new GentError(
        'LIMIT_EXCEEDED',
        `the store ${this.directory} holds ${names.length} files, more than STORE_FILES=${limit('STORE_FILES')}`
      );
    }
    return names;
  }

  private async look(name: string): Promise<Seen | undefined> {
    const file = path.join(this.directory, name);
    let stats: Stats;
    try {
      stats = await stat(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone between listing and looking: no file, no word. A dangling link stays in the list.
      return code === 'ENOENT' ? undefined : { size: 0, mtimeMs: 0, inode: 0, reason: `cannot be read: ${code ?? ''}` };
    }
    if (stats.isDirectory() && !name.endsWith(MODEL_EXTENSION)) {
      return undefined;
    }
    const known = this.seen.get(name);
    if (known?.size === stats.size && known.mtimeMs === stats.mtimeMs && known.inode === stats.ino) {
      return known;
    }
    const seen = { size: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino };
    const reason = await this.read(name, stats);
    if (typeof reason !== 'string') {
      return { ...seen, model: reason };
    }
    this.logger.warn('model file skipped', { file: name, reason });
    return { ...seen, reason };
  }

  private async read(name: string, stats: Stats): Promise<StoredModel | string> {
    if (!name.endsWith(MODEL_EXTENSION)) {
      return `not a ${MODEL_EXTENSION} file`;
    }
    if (!stats.isFile()) {
      return 'not a regular file';
    }
    try {
      const facts = await this.readFacts(path.join(this.directory, name), stats.size);
      return { ...facts, file: name, bytes: stats.size, createdUnixMs: Math.floor(stats.mtimeMs) };
    } catch (error) {
      return asGentError(error).message;
    }
  }
}
