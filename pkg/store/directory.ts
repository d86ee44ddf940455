/**
 * @file A directory as a store. Publishing writes a temporary file beside the target, flushes it to the disk, renames
 * it, and flushes the directory, so that a kill at any byte leaves either no model or the whole one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { GentError, limit, type Logger, silentLogger } from '../common';
import { DirectoryCatalogue } from './catalogue';
import { Listing } from './listing';
import { factsOfFile } from './manifest';
import { checkedName, modelToPublish } from './publishing';
import type { Catalogue, ModelStore, StoredModel } from './types';

/** A listing is not repeated within this time. */
const REFRESH_MS = 1000;
/** Temporary files older than this were left by a publisher that died. */
const STALE_TEMPORARY_MS = 60 * 60 * 1000;
const TEMPORARY = /^\.publish-.*\.tmp$/;

export interface DirectoryStoreOptions {
  readonly logger?: Logger;
  /** Makes the directory when it is not there. */
  readonly create?: boolean;
  /** Milliseconds for which a listing stays good; 0 looks every time. */
  readonly refreshMs?: number;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class DirectoryStore implements ModelStore {
  private readonly catalogue: DirectoryCatalogue;
  private readonly logger: Logger;
  private readonly listing: Listing;

  constructor(
    readonly location: string,
    options: DirectoryStoreOptions
  ) {
    this.logger = options.logger ?? silentLogger;
    this.catalogue = new DirectoryCatalogue(location, factsOfFile, this.logger);
    this.listing = new Listing(() => this.catalogue.refresh(), options.refreshMs ?? REFRESH_MS);
  }

  list(): Promise<Catalogue> {
    return this.listing.get();
  }

  async read(file: string): Promise<Uint8Array> {
    const full = this.path(file);
    try {
      const { size } = await stat(full);
      if (size > limit('STORE_MODEL_BYTES')) {
        throw new GentError('LIMIT_EXCEEDED', `${full} has ${size} bytes, more than STORE_MODEL_BYTES`);
      }
      return await readFile(full);
    } catch (error) {
      if (error instanceof GentError) {
        throw error;
      }
      this.listing.forget();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        throw new GentError('STORE_MODEL_GONE', `the model ${full} is no longer there`, { cause: error });
      }
      throw new GentError('STORE_UNAVAILABLE', `the model ${full} cannot be read: ${code ?? ''}`, { cause: error });
    }
  }

  reject(file: string, reason: string): void {
    this.catalogue.reject(file, reason);
    this.listing.forget();
  }

  async publish(bytes: Uint8Array, name?: string): Promise<StoredModel> {
    const model = modelToPublish(bytes, name);
    const target = this.path(model.file);
    const temporary = this.path(`.publish-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
    try {
      await this.removeStale();
      const handle = await open(temporary, 'wx', 0o644);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
      await syncDirectory(this.location);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      const { code } = error as NodeJS.ErrnoException;
      throw new GentError(
        code === 'ENOENT' || code === 'ENOTDIR' ? 'STORE_UNAVAILABLE' : 'STORE_WRITE_FAILED',
        `${target} could not be written: ${(error as Error).message}`,
        { cause: error }
      );
    }
    this.listing.forget();
    this.logger.info('model published', { file: model.file, bytes: bytes.length, traces: model.traces });
    return model;
  }

  async close(): Promise<void> {
    await this.listing.settled();
  }

  /** A name of the store as a path; names never lead out of the directory. */
  private path(name: string): string {
    return path.join(this.location, checkedName(name));
  }

  private async removeStale(): Promise<void> {
    for (const name of await readdir(this.location)) {
      if (!TEMPORARY.test(name)) {
        continue;
      }
      const file = path.join(this.location, name);
      const stats = await stat(file).catch(() => undefined);
      if (stats !== undefined && Date.now() - stats.mtimeMs > STALE_TEMPORARY_MS) {
        await unlink(file).catch(() => undefined);
      }
    }
  }
}

/** Opens a directory as a store; it need not exist yet. */
export async function openDirectoryStore(directory: string, options: DirectoryStoreOptions = {}): Promise<ModelStore> {
  const location = path.resolve(directory);
  if (options.create) {
    try {
      await mkdir(location, { recursive: true });
    } catch (error) {
      throw new GentError('STORE_UNAVAILABLE', `the store ${location} cannot be made: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return new DirectoryStore(location, options);
}
