/** @file Traces into compact columns, one trace at a time, so that a batch need not be held as objects. */
import { GentError, limit } from '../common';
import {
  serviceName,
  type AttributeValue,
  type KeyValue,
  type Resource,
  type Scope,
  type Span,
  type Trace,
} from '../trace';
import type { NodeEntry, OperationEntry, ScopeEntry } from './dictionary';
import {
  ORPHAN,
  ROOT,
  type BatchColumns,
  type KeyEntry,
  type KeyRole,
  type PairEntry,
  type ResourceEntry,
} from './columns';
import { GrowingFloat64, GrowingInt32, Interner } from './intern';
import { attributesKey, valueKey } from './values';

/** Attributes without the marks that a model wrote: those are its own, not part of what it learns. */
function unmarked(attributes: readonly KeyValue[]): readonly KeyValue[] {
  return attributes.some(({ key }) => key.startsWith('gent.'))
    ? attributes.filter(({ key }) => !key.startsWith('gent.'))
    : attributes;
}

/** Counts in how many traces a number was seen. */
class TraceCounter {
  private readonly last: number[] = [];
  readonly counts: number[] = [];

  see(id: number, trace: number): void {
    if (this.last[id] !== trace) {
      this.last[id] = trace;
      this.counts[id] = (this.counts[id] ?? 0) + 1;
    }
  }
}

/** Collects the traces of a batch. */
export class TraceCollector {
  private readonly services = new Interner<string>();
  private readonly scopes = new Interner<ScopeEntry>();
  private readonly operations = new Interner<OperationEntry>();
  private readonly nodes = new Interner<NodeEntry>();
  private readonly keys = new Interner<KeyEntry>();
  private readonly pairs = new Interner<PairEntry>();
  private readonly pairTraces = new TraceCounter();
  private readonly names = new Interner<string>();
  private readonly nameTraces = new TraceCounter();
  private readonly resources = new Interner<ResourceEntry>();
  private readonly resourceIds = new WeakMap<Resource, number>();
  private readonly scopeIds = new WeakMap<Scope, number>();
  private readonly base: bigint[] = [];
  private readonly spanOffset = new GrowingInt32();
  private readonly node = new GrowingInt32();
  private readonly parent = new GrowingInt32();
  private readonly start = new GrowingFloat64();
  private readonly second = new GrowingFloat64();
  private readonly duration = new GrowingFloat64();
  private readonly resource = new GrowingInt32();
  private readonly attributeOffset = new GrowingInt32();
  private readonly attributePool = new GrowingInt32();
  private readonly eventOffset = new GrowingInt32();
  private readonly eventName = new GrowingInt32();
  private readonly eventTime = new GrowingFloat64();
  private readonly eventAttributeOffset = new GrowingInt32();
  private readonly eventAttributePool = new GrowingInt32();
  private readonly linkOffset = new GrowingInt32();
  private readonly linkAttributeOffset = new GrowingInt32();
  private readonly linkAttributePool = new GrowingInt32();
  private minStart: bigint | undefined;
  private maxStart = 0n;
  private maxEnd = 0n;

  get traces(): number {
    return this.base.length;
  }

  get spans(): number {
    return this.node.length;
  }

  /**
   * Adds one trace; a trace without spans is passed over.
   * @throws GentError TRAIN_TOO_LARGE
   */
  add(trace: Trace): void {
    const { spans } = trace;
    const first = spans[0];
    if (first === undefined) {
      return;
    }
    if (spans.length > limit('MODEL_TRACE_SPANS')) {
      throw new GentError(
        'TRAIN_TOO_LARGE',
        `trace ${trace.traceId} has ${spans.length} spans, the limit MODEL_TRACE_SPANS is ${limit('MODEL_TRACE_SPANS')}`
      );
    }
    if (this.spans + spans.length > limit('TRAIN_SPANS')) {
      throw new GentError('TRAIN_TOO_LARGE', `the batch has more than TRAIN_SPANS = ${limit('TRAIN_SPANS')} spans`);
    }
    this.spanOffset.push(this.node.length);
    const index = this.base.length;
    const base = first.startTimeUnixNano;
    this.base.push(base);
    const parents = parentsOf(spans);
    const seenResources = new Set<number>();
    spans.forEach((span, i) => {
      const start = span.startTimeUnixNano;
      if (this.minStart === undefined || start < this.minStart) {
        this.minStart = start;
      }
      if (start > this.maxStart) {
        this.maxStart = start;
      }
      if (span.endTimeUnixNano > this.maxEnd) {
        this.maxEnd = span.endTimeUnixNano;
      }
      const resource = this.resourceId(span.resource);
      seenResources.add(resource);
      this.node.push(this.nodeId(span, resource));
      this.parent.push(parents[i] as number);
      this.start.push(Number(start - base));
      this.second.push(Number(start / 1_000_000_000n));
      this.duration.push(Number(span.endTimeUnixNano - start));
      this.resource.push(resource);
      this.addAttributes(span, index);
      this.addEvents(span, index);
      this.addLinks(span, index);
    });
    for (const resource of seenResources) {
      for (const pair of this.resources.values[resource]?.pairs ?? []) {
        this.pairTraces.see(pair, index);
      }
    }
  }

  /**
   * The batch as columns.
   * @throws GentError TRAIN_EMPTY
   */
  finish(): BatchColumns {
    if (this.minStart === undefined) {
      throw new GentError('TRAIN_EMPTY', 'the batch holds no span');
    }
    this.spanOffset.push(this.node.length);
    for (const [offset, pool] of [
      [this.attributeOffset, this.attributePool],
      [this.eventOffset, this.eventName],
      [this.eventAttributeOffset, this.eventAttributePool],
      [this.linkOffset, this.linkAttributeOffset],
      [this.linkAttributeOffset, this.linkAttributePool],
    ] as const) {
      offset.push(pool.length);
    }
    const counts = (counter: TraceCounter, size: number): Int32Array =>
      Int32Array.from({ length: size }, (_, i) => counter.counts[i] ?? 0);
    return {
      dictionary: {
        services: this.services.values,
        scopes: this.scopes.values,
        operations: this.operations.values,
        nodes: this.nodes.values,
      },
      traces: this.base.length,
      spans: this.node.length,
      spanOffset: this.spanOffset.finish(),
      base: this.base,
      node: this.node.finish(),
      parent: this.parent.finish(),
      start: this.start.finish(),
      second: this.second.finish(),
      duration: this.duration.finish(),
      resource: this.resource.finish(),
      attributes: { offset: this.attributeOffset.finish(), pool: this.attributePool.finish() },
      eventOffset: this.eventOffset.finish(),
      eventName: this.eventName.finish(),
      eventTime: this.eventTime.finish(),
      eventAttributes: { offset: this.eventAttributeOffset.finish(), pool: this.eventAttributePool.finish() },
      linkOffset: this.linkOffset.finish(),
      linkAttributes: { offset: this.linkAttributeOffset.finish(), pool: this.linkAttributePool.finish() },
      keys: this.keys.values,
      pairs: this.pairs.values,
      pairTraces: counts(this.pairTraces, this.pairs.size),
      eventNames: this.names.values,
      eventNameTraces: counts(this.nameTraces, this.names.size),
      resources: this.resources.values,
      minStart: this.minStart,
      maxStart: this.maxStart,
      maxEnd: this.maxEnd,
    };
  }

  private pairId(role: KeyRole, key: string, value: AttributeValue): number {
    const keyId = this.keys.id(role === 'attribute' ? `a${key}` : `f${key}`, () => ({ role, key }));
    return this.pairs.id(`${keyId}:${valueKey(value)}`, () => ({ key: keyId, value }));
  }

  private resourceId(resource: Resource): number {
    let id = this.resourceIds.get(resource);
    if (id === undefined) {
      const attributes = unmarked(resource.attributes);
      const key = `${attributesKey(attributes)}|${resource.droppedAttributesCount}|${resource.schemaUrl}`;
      id = this.resources.id(key, () => {
        const service = serviceName(resource);
        return {
          service: this.services.id(service, () => service),
          pairs: attributes.map((attribute) => this.pairId('attribute', attribute.key, attribute.value)),
          droppedAttributesCount: resource.droppedAttributesCount,
          schemaUrl: resource.schemaUrl,
        };
      });
      this.resourceIds.set(resource, id);
    }
    return id;
  }

  private scopeId(scope: Scope): number {
    let id = this.scopeIds.get(scope);
    if (id === undefined) {
      const key = JSON.stringify([
        scope.name,
        scope.version,
        attributesKey(scope.attributes),
        scope.droppedAttributesCount,
        scope.schemaUrl,
      ]);
      id = this.scopes.id(key, () => ({ ...scope }));
      this.scopeIds.set(scope, id);
    }
    return id;
  }

  private nodeId(span: Span, resource: number): number {
    const service = this.resources.values[resource]?.service ?? 0;
    const scope = this.scopeId(span.scope);
    const kind = Math.max(0, span.kind);
    const operation = this.operations.id(`${service}|${kind}|${scope}|${span.name}`, () => ({
      service,
      name: span.name,
      kind,
      scope,
    }));
    const status = Math.max(0, span.statusCode);
    return this.nodes.id(`${operation}|${status}`, () => ({ operation, status }));
  }

  private push(pool: GrowingInt32, trace: number, role: KeyRole, key: string, value: AttributeValue): void {
    const pair = this.pairId(role, key, value);
    this.pairTraces.see(pair, trace);
    pool.push(pair);
  }

  private pushAll(
    pool: GrowingInt32,
    trace: number,
    attributes: readonly KeyValue[],
    fields: Record<string, string | number>
  ): void {
    for (const attribute of attributes) {
      this.push(pool, trace, 'attribute', attribute.key, attribute.value);
    }
    for (const [key, value] of Object.entries(fields)) {
      if (value !== '' && value !== 0) {
        this.push(pool, trace, 'field', key, typeof value === 'number' ? BigInt(value) : value);
      }
    }
  }

  private addAttributes(span: Span, trace: number): void {
    this.attributeOffset.push(this.attributePool.length);
    this.pushAll(this.attributePool, trace, span.attributes, {
      statusMessage: span.statusMessage,
      traceState: span.traceState,
      flags: span.flags,
      droppedAttributesCount: span.droppedAttributesCount,
      droppedEventsCount: span.droppedEventsCount,
      droppedLinksCount: span.droppedLinksCount,
    });
  }

  private addEvents(span: Span, trace: number): void {
    this.eventOffset.push(this.eventName.length);
    for (const event of span.events) {
      const name = this.names.id(event.name, () => event.name);
      this.nameTraces.see(name, trace);
      this.eventName.push(name);
      this.eventTime.push(Number(event.timeUnixNano - span.startTimeUnixNano));
      this.eventAttributeOffset.push(this.eventAttributePool.length);
      this.pushAll(this.eventAttributePool, trace, event.attributes, {
        droppedAttributesCount: event.droppedAttributesCount,
      });
    }
  }

  private addLinks(span: Span, trace: number): void {
    this.linkOffset.push(this.linkAttributeOffset.length);
    for (const link of span.links) {
      this.linkAttributeOffset.push(this.linkAttributePool.length);
      this.pushAll(this.linkAttributePool, trace, unmarked(link.attributes), {
        sameTrace: link.traceId === span.traceId ? 1 : 0,
        traceState: link.traceState,
        flags: link.flags,
        droppedAttributesCount: link.droppedAttributesCount,
      });
    }
  }
}

/**
 * Parents as indices. The first span with an id is the one its children mean; a span that is its own ancestor is
 * cut loose as an orphan, so that what comes out is a forest.
 */
function parentsOf(spans: readonly Span[]): Int32Array {
  const byId = new Map<string, number>();
  spans.forEach((span, i) => {
    if (span.spanId !== '' && !byId.has(span.spanId)) {
      byId.set(span.spanId, i);
    }
  });
  const parents = Int32Array.from(spans, (span) =>
    span.parentSpanId === '' ? ROOT : (byId.get(span.parentSpanId) ?? ORPHAN)
  );
  // 0 = not seen, otherwise the walk that saw it: meeting one's own walk is a cycle.
  const seen = new Int32Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    let at = i;
    while (seen[at] === 0) {
      seen[at] = i + 1;
      const next = parents[at] as number;
      if (next < 0) {
        break;
      }
      if (seen[next] === i + 1) {
        parents[at] = ORPHAN;
        break;
      }
      at = next;
    }
  }
  return parents;
}
