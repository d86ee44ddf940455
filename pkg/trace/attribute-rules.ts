/**
 * @file Attributes that must not be learnt: left out, or replaced by a keyed hash, before anything else sees them.
 * Rules hold for resources, scopes, spans, events and links alike; status messages and span names are no attributes.
 */
import { createHmac } from 'node:crypto';
import { GentError } from '../common';
import { attributeText } from './otlp-json-write';
import type { AttributeValue, KeyValue, Resource, Scope, Span, Trace } from './types';

/** What becomes of attributes, by key. A key is exact, or has `*` for any characters: `enduser.*`. */
export interface AttributeRuleOptions {
  /** Left out. Comes before the others. */
  readonly drop?: readonly string[];
  /** Replaced by 16 hex digits of a keyed hash of the value: equal values stay equal, nobody reads them. */
  readonly hash?: readonly string[];
  /** When given, everything else is left out too, except service.name and what is hashed. */
  readonly keep?: readonly string[];
  /** Key of the hash. Without one, values that can be guessed can be found again by hashing guesses. */
  readonly hashKey?: string | Uint8Array;
}

type Fate = 'keep' | 'drop' | 'hash';

const HASH_DIGITS = 16;
/** Keys and values whose fate and hash are remembered; beyond, the memory is cleared and begins again. */
const MOST_REMEMBERED = 50_000;
/** The one attribute that a trace is unreadable without; it goes only where it is named. */
const ALWAYS_KEPT = 'service.name';

/** One expression for a list of keys; undefined for an empty one. @throws GentError USAGE */
function matcher(keys: readonly string[] | undefined): RegExp | undefined {
  if (keys === undefined) {
    return undefined;
  }
  if (keys.some((key) => key.trim() === '')) {
    throw new GentError('USAGE', 'a rule for attributes names no key');
  }
  const patterns = keys.map((key) =>
    key
      .split(/\*+/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')
  );
  return patterns.length === 0 ? undefined : new RegExp(`^(?:${patterns.join('|')})$`, 's');
}

function remembered<K, V>(memory: Map<K, V>, key: K, make: () => V): V {
  let value = memory.get(key);
  if (value === undefined) {
    if (memory.size >= MOST_REMEMBERED) {
      memory.clear();
    }
    value = make();
    memory.set(key, value);
  }
  return value;
}

/** Rules ready to be applied to traces, one after the other. */
export class AttributeRules {
  private readonly dropped: RegExp | undefined;
  private readonly hashed: RegExp | undefined;
  private readonly kept: RegExp | undefined;
  private readonly hashKey: string | Uint8Array;
  private readonly fates = new Map<string, Fate>();
  private readonly hashes = new Map<string, string>();
  // Spans share resources and scopes, and do so afterwards.
  private readonly resources = new WeakMap<Resource, Resource>();
  private readonly scopes = new WeakMap<Scope, Scope>();

  /** @throws GentError USAGE when a key is empty */
  constructor({ drop, hash, keep, hashKey = '' }: AttributeRuleOptions) {
    this.dropped = matcher(drop);
    this.hashed = matcher(hash);
    this.kept = matcher(keep);
    this.hashKey = hashKey;
  }

  /** Whether there is any rule at all. */
  get any(): boolean {
    return this.dropped !== undefined || this.hashed !== undefined || this.kept !== undefined;
  }

  /** The trace without what is dropped, with hashes for what is hashed; the same object where no rule says anything. */
  apply(trace: Trace): Trace {
    if (!this.any) {
      return trace;
    }
    const spans = trace.spans.map((span) => this.span(span));
    return spans.every((span, i) => span === trace.spans[i]) ? trace : { ...trace, spans };
  }

  private span(span: Span): Span {
    const attributes = this.attributes(span.attributes);
    const resource = this.shared(this.resources, span.resource);
    const scope = this.shared(this.scopes, span.scope);
    const events = this.all(span.events);
    const links = this.all(span.links);
    const same =
      attributes === span.attributes &&
      resource === span.resource &&
      scope === span.scope &&
      events === span.events &&
      links === span.links;
    return same ? span : { ...span, attributes, resource, scope, events, links };
  }

  private shared<T extends { readonly attributes: readonly KeyValue[] }>(memory: WeakMap<T & object, T>, one: T): T {
    let made = memory.get(one);
    if (made === undefined) {
      made = this.one(one);
      memory.set(one, made);
    }
    return made;
  }

  private one<T extends { readonly attributes: readonly KeyValue[] }>(one: T): T {
    const attributes = this.attributes(one.attributes);
    return attributes === one.attributes ? one : { ...one, attributes };
  }

  private all<T extends { readonly attributes: readonly KeyValue[] }>(list: readonly T[]): readonly T[] {
    if (list.length === 0) {
      return list;
    }
    const made = list.map((one) => this.one(one));
    return made.every((one, i) => one === list[i]) ? list : made;
  }

  private attributes(attributes: readonly KeyValue[]): readonly KeyValue[] {
    if (attributes.every(({ key }) => this.fateOf(key) === 'keep')) {
      return attributes;
    }
    return attributes.flatMap((attribute): KeyValue[] => {
      const fate = this.fateOf(attribute.key);
      if (fate === 'hash') {
        return [{ key: attribute.key, value: this.hashOf(attribute.value) }];
      }
      return fate === 'keep' ? [attribute] : [];
    });
  }

  private fateOf(key: string): Fate {
    return remembered(this.fates, key, () => {
      if (this.dropped?.test(key) === true) {
        return 'drop';
      }
      if (this.hashed?.test(key) === true) {
        return 'hash';
      }
      return this.kept === undefined || key === ALWAYS_KEPT || this.kept.test(key) ? 'keep' : 'drop';
    });
  }

  /** A string is hashed as it is, any other value as its OTLP/JSON. */
  private hashOf(value: AttributeValue): string {
    const text = typeof value === 'string' ? `s${value}` : `v${attributeText(value)}`;
    return remembered(this.hashes, text, () =>
      createHmac('sha256', this.hashKey)
        .update(typeof value === 'string' ? value : text.slice(1))
        .digest('hex')
        .slice(0, HASH_DIGITS)
    );
  }
}
