/** @file What queries learn about traces and may use again: the traces themselves, and which match which search. */
import { limit } from '../common';
import type { TraceGenerator } from '../generate';
import type { Trace } from '../trace';
import { LruCache } from './lru';

/** Memory of a span with its few attributes, and of a trace around them; strings are shared. */
const BYTES_A_SPAN = 700;
const BYTES_A_TRACE = 400;

/** Generated traces by model and number. A trace never changes, so it is never stale. */
export class TraceCache {
  private readonly traces: LruCache<Trace>;

  /** @param most - bytes; default: the limit QUERY_TRACE_CACHE_BYTES */
  constructor(most?: number) {
    this.traces = new LruCache(() => most ?? limit('QUERY_TRACE_CACHE_BYTES'));
  }

  /** The same generator, which asks here before it generates. */
  over(generator: TraceGenerator): TraceGenerator {
    // Traces that were kept; some may have been dropped since, which costs time only.
    const present = new Set<number>();
    const generate: TraceGenerator['generate'] = async (indices, options) => {
      const list = Array.from(indices);
      const found = list.map((index) => this.traces.get(`${generator.modelId}:${index}`));
      const missing = list.filter((_, i) => found[i] === undefined);
      const made = missing.length === 0 ? [] : await generator.generate(missing, options);
      made.forEach((trace, i) => {
        const bytes = BYTES_A_TRACE + trace.spans.length * BYTES_A_SPAN;
        this.traces.set(`${generator.modelId}:${missing[i] ?? 0}`, trace, bytes);
        present.add(missing[i] ?? 0);
      });
      let next = 0;
      return found.map((trace) => trace ?? (made[next++] as Trace));
    };
    // Traces at hand cost less than drawing a part of them again.
    const sift: TraceGenerator['sift'] = async (indices, sieve, options) => {
      const absent =
        present.size === 0 || options?.all === true ? indices : indices.filter((index) => !present.has(index));
      const { kept, drawn } = await generator.sift(absent, sieve, options);
      if (absent.length === indices.length) {
        return { kept, drawn };
      }
      const lost = new Set(absent);
      kept.forEach((index) => lost.delete(index));
      return { kept: indices.filter((index) => !lost.has(index)), drawn };
    };
    // Everything else is the generator's own, its lazily computed properties included.
    return Object.create(generator, { generate: { value: generate }, sift: { value: sift } }) as TraceGenerator;
  }

  clear(): void {
    this.traces.clear();
  }
}

/** Whether a trace matches. */
export enum Verdict {
  Unknown = 0,
  Match = 1,
  NoMatch = 2,
  /** It does not, which a part of it told. */
  LeftOut = 3,
}

/** What is known of a model and a search, one byte each. */
export interface Verdicts {
  /** Which traces match, as far as they were looked at. */
  readonly traces: Uint8Array;
  /** Which shapes can, as far as that was asked: kept by whoever asks. */
  readonly shapes: Uint8Array;
}

/** Verdicts by model and query, so that a search that is repeated generates only what it shows. */
export class VerdictCache {
  private readonly verdicts = new LruCache<Verdicts>(() => limit('QUERY_VERDICT_CACHE_BYTES'));

  /** The verdicts on a model's traces, to be read and added to. */
  of(model: TraceGenerator, query: string): Verdicts {
    const key = `${model.modelId}:${query}`;
    const known = this.verdicts.get(key);
    if (known !== undefined) {
      return known;
    }
    const fresh = { traces: new Uint8Array(model.traceCount), shapes: new Uint8Array(model.shapeCount) };
    this.verdicts.set(key, fresh, model.traceCount + model.shapeCount + 2 * key.length);
    return fresh;
  }

  clear(): void {
    this.verdicts.clear();
  }
}
