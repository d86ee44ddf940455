/** @file What a store of models is: a catalogue by time, reading, publishing. A directory today, other places behind the same interface. */
import type { AnswerErrors } from '../model';

/** What the spans of a model are, as far as its manifest says: the same object for models that say the same. */
export interface SpanKinds {
  readonly operations: ReadonlyArray<{
    readonly service: string;
    readonly name: string;
    readonly kind: number;
    /** Whether any span of it has the status error. */
    readonly fails: boolean;
  }>;
  /** All keys of attributes that any span, or any resource, of the model has. */
  readonly spanKeys: readonly string[];
  readonly resourceKeys: readonly string[];
}

/** One model of a store, as its manifest describes it. */
export interface StoredModel {
  /** Model id (content hash). */
  readonly id: string;
  /** Name of the file inside the store. */
  readonly file: string;
  /** First start to last end of the batch, ns since the Unix epoch. */
  readonly window: { readonly start: bigint; readonly end: bigint };
  readonly traces: number;
  readonly spans: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Sorted. */
  readonly services: readonly string[];
  /** Real traces kept verbatim. */
  readonly exemplars?: number;
  /** Measures of how close it is to its batch, where they were taken. */
  readonly fidelity?: Readonly<Record<string, number | null>>;
  /** How far its answers lie from the real ones, where that was measured. */
  readonly answerErrors?: AnswerErrors;
  /** Hashes of the ids of real traces in it, see `mayHoldExemplar`. */
  readonly exemplarIds?: string;
  /** Absent where it is not known. */
  readonly kinds?: SpanKinds;
  readonly createdUnixMs: number;
}

/** A file of the store that is not used, and why. */
export interface RejectedFile {
  readonly file: string;
  readonly reason: string;
}

/** What a store holds at one moment. */
export interface Catalogue {
  /** Sorted by window start, then id. Each id once. */
  readonly models: readonly StoredModel[];
  /** Sorted by name. */
  readonly skipped: readonly RejectedFile[];
}

/** A place that keeps models. Every method throws GentError with a STORE_ code. */
export interface ModelStore {
  /** Directory or address. */
  readonly location: string;
  /**
   * The catalogue, at most REFRESH_MS old. Only manifests are read, each once for a file that does not change.
   * @throws STORE_UNAVAILABLE while the place cannot be listed; works again when it is back
   */
  list(): Promise<Catalogue>;
  /**
   * The bytes of a model.
   * @throws STORE_MODEL_GONE when the file is no longer there
   */
  read(file: string): Promise<Uint8Array>;
  /** Takes a file out of the catalogue until it changes, e.g. because a section turned out to be damaged. */
  reject(file: string, reason: string): void;
  /**
   * Puts a model into the store: readers see all of it or nothing, whenever the writer or the machine stops.
   * Publishing the same bytes twice changes nothing.
   * @param name - file name; by default the window's start and the model's id
   * @throws STORE_BAD_MODEL when the bytes are not a whole model, STORE_WRITE_FAILED, STORE_UNAVAILABLE
   */
  publish(bytes: Uint8Array, name?: string): Promise<StoredModel>;
  close(): Promise<void>;
}
