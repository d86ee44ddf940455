/** @file A cache with a budget of bytes: what was used longest ago goes first. */

/** Values by key, each with its size. */
export class LruCache<V> {
  /** Least recently used first. */
  private readonly entries = new Map<string, { value: V; bytes: number }>();
  private held = 0;

  /** @param budget - bytes that may be held; asked each time, so that a changed limit counts at once */
  constructor(private readonly budget: () => number) {}

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value. One that is larger than the whole budget is not kept. */
  set(key: string, value: V, bytes: number): void {
    const budget = this.budget();
    this.delete(key);
    if (bytes > budget) {
      return;
    }
    this.entries.set(key, { value, bytes });
    this.held += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.held <= budget) {
        break;
      }
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry !== undefined) {
      this.entries.delete(key);
      this.held -= entry.bytes;
    }
  }

  clear(): void {
    this.entries.clear();
    this.held = 0;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.held;
  }
}
