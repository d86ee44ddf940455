/** @file What every kind of store does with its catalogue: one listing at a time, good for a moment, each model once. */
import type { Catalogue, RejectedFile, StoredModel } from './types';

/** What is known of one file: its model, or why it is not used. */
export interface Look {
  readonly model?: StoredModel;
  readonly reason?: string;
}

/** Runs `work` over `items`, a few at once, keeping order. */
export async function mapFew<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) {
      results[i] = await work(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return results;
}

/** The catalogue of these files: models by time, each id once, and what is skipped by name. */
export function catalogueOf(files: Iterable<readonly [string, Look]>): Catalogue {
  const byId = new Map<string, StoredModel>();
  const skipped: RejectedFile[] = [];
  for (const [file, look] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (look.model === undefined) {
      skipped.push({ file, reason: look.reason ?? 'not read' });
      continue;
    }
    const twin = byId.get(look.model.id);
    if (twin === undefined) {
      byId.set(look.model.id, look.model);
    } else {
      skipped.push({ file, reason: `the same model as ${twin.file}` });
    }
  }
  const models = [...byId.values()].sort((a, b) =>
    a.window.start === b.window.start ? (a.id < b.id ? -1 : 1) : a.window.start < b.window.start ? -1 : 1
  );
  return { models, skipped };
}

/** A catalogue that is loaded when it is asked for, once for all who ask meanwhile, and used again for a while. */
export class Listing {
  private listed: Catalogue | undefined;
  private listedAt = 0;
  private loading: Promise<Catalogue> | undefined;

  /**
   * @param load - lists the place
   * @param goodForMs - milliseconds for which a listing is used again; 0 lists every time
   */
  constructor(
    private readonly load: () => Promise<Catalogue>,
    private readonly goodForMs: number
  ) {}

  async get(): Promise<Catalogue> {
    if (this.listed !== undefined && performance.now() - this.listedAt < this.goodForMs) {
      return this.listed;
    }
    this.loading ??= this.refresh();
    return this.loading;
  }

  /** Makes the next {@link get} list again; a listing under way may have missed what changed and is not kept. */
  forget(): void {
    this.listed = undefined;
    this.loading = undefined;
  }

  /** Resolves when no listing is under way that was begun last. */
  async settled(): Promise<void> {
    await this.loading?.catch(() => undefined);
  }

  private refresh(): Promise<Catalogue> {
    this.listed = undefined;
    const loading = this.load().then(
      (listed) => {
        if (this.loading === loading) {
          this.listed = listed;
          this.listedAt = performance.now();
          this.loading = undefined;
        }
        return listed;
      },
      (error: unknown) => {
        if (this.loading === loading) {
          this.loading = undefined;
        }
        throw error;
      }
    );
    return loading;
  }
}
