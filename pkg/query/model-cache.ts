/** @file Models of a store, opened when they are asked for and kept open while there is room. */
import { asGentError, GentError, limit } from '../common';
import { openModel, type TraceGenerator } from '../generate';
import type { ModelStore, StoredModel } from '../store';
import { TraceCache } from './remember';

/** An opened model takes about this many bytes of memory for each byte of its file, and this much at least. */
const MEMORY_PER_BYTE = 40;
const MEMORY_AT_LEAST = 4 * 1024 * 1024;

/** What drawing from a model says when its file is not what it should be. */
const DAMAGED: ReadonlySet<string> = new Set(['MODEL_CORRUPT', 'NN_BAD_NETWORK']);

interface Entry {
  readonly bytes: number;
  readonly opened: Promise<TraceGenerator>;
  users: number;
  dropped: boolean;
}

/** Opens the bytes of a model. */
export type OpenModel = (bytes: Uint8Array) => Promise<TraceGenerator>;

/** Opened models by id, the longest unused ones closed first. */
export class ModelCache {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private held = 0;
  private readonly traces: TraceCache;

  constructor(
    private readonly store: ModelStore,
    private readonly open: OpenModel = (bytes) => openModel(bytes, { lazy: true }),
    traceCacheBytes?: number
  ) {
    this.traces = new TraceCache(traceCacheBytes);
  }

  /**
   * Runs `work` with an opened model, which stays open until it is done.
   * @returns undefined when the model is gone or damaged; a damaged one leaves the catalogue, with its reason
   */
  async use<T>(model: StoredModel, work: (generator: TraceGenerator) => Promise<T>): Promise<T | undefined> {
    const entry = this.entryOf(model);
    entry.users++;
    try {
      const generator = await entry.opened.catch((error: unknown) => {
        this.drop(model.id);
        this.explain(model, error);
        return undefined;
      });
      if (generator === undefined) {
        return undefined;
      }
      return await work(generator).catch((error: unknown) => {
        // What only drawing reads may turn out to be damaged, too.
        if (!(error instanceof GentError) || !DAMAGED.has(error.code)) {
          throw error;
        }
        this.drop(model.id);
        this.explain(model, error);
        return undefined;
      });
    } finally {
      entry.users--;
      if (entry.dropped && entry.users === 0) {
        void close(entry);
      }
    }
  }

  /** Closes everything that is open. */
  async close(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    this.held = 0;
    this.traces.clear();
    await Promise.all(entries.map(close));
  }

  private entryOf(model: StoredModel): Entry {
    const known = this.entries.get(model.id);
    if (known !== undefined) {
      this.entries.delete(model.id);
      this.entries.set(model.id, known);
      return known;
    }
    const opened = this.store.read(model.file).then(async (bytes) => this.traces.over(await this.open(bytes)));
    const bytes = Math.max(MEMORY_AT_LEAST, model.bytes * MEMORY_PER_BYTE);
    const entry: Entry = { bytes, opened, users: 0, dropped: false };
    this.entries.set(model.id, entry);
    this.held += bytes;
    for (const [id, old] of this.entries) {
      if (this.held <= limit('QUERY_MODEL_CACHE_BYTES')) {
        break;
      }
      if (old !== entry && old.users === 0) {
        this.drop(id);
      }
    }
    return entry;
  }

  private drop(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) {
      return;
    }
    this.entries.delete(id);
    this.held -= entry.bytes;
    entry.dropped = true;
    if (entry.users === 0) {
      void close(entry);
    }
  }

  /** A damaged file is skipped from now on; a file that is gone is no longer listed anyway. */
  private explain(model: StoredModel, thrown: unknown): void {
    const error = asGentError(thrown);
    if (error.code === 'STORE_MODEL_GONE') {
      return;
    }
    if (error.code.startsWith('MODEL_') || error.code.startsWith('NN_')) {
      this.store.reject(model.file, error.message);
      return;
    }
    throw error instanceof GentError ? error : asGentError(thrown);
  }
}

async function close(entry: Entry): Promise<void> {
  const generator = await entry.opened.catch(() => undefined);
  await generator?.close();
}
