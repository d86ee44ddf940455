/** @file One engine for each data source instance, kept until its settings change. */
import { GentError, type Logger } from '../common';
import type { TracesEngine } from '../query';
import type { ModelStore } from '../store';
import { type InstanceSettings, parseSettings, type RawSettings } from './settings';

/** What answers for a data source. */
export interface Backend {
  readonly engine: TracesEngine;
  /** Where the engine's models are; absent where it has none of its own. The engine closes it. */
  readonly store?: ModelStore;
}

/** Opens what is behind an instance. */
export type EngineFactory = (settings: InstanceSettings, log: Logger) => Promise<Backend>;

/** Who asks: the part of Grafana's plugin context that is read here. */
export interface InstanceContext {
  readonly orgId: bigint;
  /** Absent where no person asks, as in alert rules. */
  readonly user?: { readonly login: string; readonly role: string };
  readonly dataSourceInstanceSettings?: RawSettings & {
    readonly uid: string;
    readonly name: string;
    readonly lastUpdatedMS: bigint;
  };
}

/** An opened data source. */
export interface Instance extends Backend {
  readonly uid: string;
  readonly name: string;
  readonly settings: InstanceSettings;
}

interface Entry {
  readonly updated: bigint;
  readonly opened: Promise<Instance>;
  users: number;
  replaced: boolean;
}

/** The instances of this process, by organisation and uid. */
export class Instances {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly open: EngineFactory,
    private readonly log: Logger
  ) {}

  /** Instances held open. */
  get size(): number {
    return this.entries.size;
  }

  /**
   * Runs `work` with the instance of a request. An instance whose settings changed is closed when its last user is
   * done; one that could not be opened is tried again by the next request.
   * @throws GentError PLUGIN_SETTINGS when the context names no data source, and what the engine throws
   */
  async use<T>(context: InstanceContext | undefined, work: (instance: Instance) => Promise<T>): Promise<T> {
    const raw = context?.dataSourceInstanceSettings;
    if (context === undefined || raw === undefined) {
      throw new GentError('PLUGIN_SETTINGS', 'the request names no data source');
    }
    const key = `${context.orgId}/${raw.uid}`;
    const entry = this.entryOf(key, raw);
    entry.users++;
    try {
      return await work(await entry.opened);
    } finally {
      entry.users--;
      if (entry.replaced && entry.users === 0) {
        this.close(entry);
      }
    }
  }

  /** Closes every engine. */
  async closeAll(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    await Promise.allSettled(entries.map(async (entry) => (await entry.opened).engine.close()));
  }

  private entryOf(key: string, raw: NonNullable<InstanceContext['dataSourceInstanceSettings']>): Entry {
    const held = this.entries.get(key);
    if (held !== undefined && held.updated === raw.lastUpdatedMS) {
      return held;
    }
    const entry: Entry = { updated: raw.lastUpdatedMS, opened: this.openInstance(raw), users: 0, replaced: false };
    this.entries.set(key, entry);
    entry.opened.catch(() => {
      if (this.entries.get(key) === entry) {
        this.entries.delete(key);
      }
    });
    if (held !== undefined) {
      held.replaced = true;
      if (held.users === 0) {
        this.close(held);
      }
    }
    return entry;
  }

  private async openInstance(raw: NonNullable<InstanceContext['dataSourceInstanceSettings']>): Promise<Instance> {
    const settings = parseSettings(raw);
    const backend = await this.open(settings, this.log.with({ datasource: raw.uid }));
    return { uid: raw.uid, name: raw.name, settings, ...backend };
  }

  private close(entry: Entry): void {
    entry.opened
      .then((instance) => instance.engine.close())
      .catch((error: unknown) => this.log.warn('closing a data source failed', { error: String(error) }));
  }
}
