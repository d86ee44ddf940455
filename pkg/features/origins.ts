/**
 * @file Where values that go together come from. A slot may have an origin: another place in the same trace whose value
 * it often repeats (the request id of the parent, the pid of the span before in the same process, the pod of the caller).
 * Which span is the origin follows from the shape alone, so training and generation find the same one.
 */
import { ByteReader, ByteWriter } from '../model';
import type { ShapeLayout } from './layout';

/** Which place in the trace. Spans that come before are those of smaller index in the shape. */
export enum OriginKind {
  /** The nearest ancestor whose operation has the key. */
  Ancestor = 0,
  /** The nearest earlier sibling whose operation has the key. */
  Previous = 1,
  /** The latest span before, of the same service, whose operation has the key. */
  Service = 2,
  /** The latest span before whose operation has the key. */
  Trace = 3,
  /** The first span of the trace. */
  Root = 4,
  /** The span (event, link) itself: a slot before. */
  Own = 5,
  /** The resource of the span, of its parent, of the first child in another service. */
  Resource = 6,
  ParentResource = 7,
  CalleeResource = 8,
  /** The span that an event or a link is on. */
  Owner = 9,
  /** What goes with the instance that the span, its parent, its first child in another service runs in. */
  OwnInstance = 10,
  ParentInstance = 11,
  CalleeInstance = 12,
}

export interface Origin {
  readonly kind: OriginKind;
  /** Index of the key there, which need not be the slot's own key; 0 for instances. */
  readonly key: number;
  /** Values by instance (see {@link instanceId}), as indices of pairs; −1 = absent. */
  readonly byInstance?: ReadonlyMap<number, number>;
}

/** One number for an instance of a service. */
export function instanceId(service: number, instance: number): number {
  return service * 256 + instance;
}

/** What is known of who can carry a key. */
export interface Carriers {
  spanHas(operation: number, key: number): boolean;
  resourceHas(service: number, key: number): boolean;
  serviceOf(operation: number): number;
}

/** An origin is looked for so far and no further: what is meant stays near, and long traces cost no more. */
const MAX_HOPS = 64;

/** Whether the origin is an attribute of a resource. */
export function isResourceOrigin(kind: OriginKind): boolean {
  return kind === OriginKind.Resource || kind === OriginKind.ParentResource || kind === OriginKind.CalleeResource;
}

/** Whether the origin is the instance that a span runs in. */
export function isInstanceOrigin(kind: OriginKind): boolean {
  return kind === OriginKind.OwnInstance || kind === OriginKind.ParentInstance || kind === OriginKind.CalleeInstance;
}

function along(start: number, next: (node: number) => number, fits: (node: number) => boolean): number {
  let node = start;
  for (let hops = 0; node >= 0 && hops < MAX_HOPS; hops++) {
    if (fits(node)) {
      return node;
    }
    node = next(node);
  }
  return -1;
}

/**
 * The node that the origin of a slot of `node` means; −1 where the shape has none. For resources: the node whose
 * resource is meant.
 */
export function sourceNode(
  { kind, key }: Origin,
  layout: Pick<ShapeLayout, 'parent' | 'previous' | 'operation' | 'size'>,
  node: number,
  carriers: Carriers
): number {
  const { parent, previous, operation } = layout;
  const has = (at: number): boolean => carriers.spanHas(operation[at] as number, key);
  const service = (at: number): number => carriers.serviceOf(operation[at] as number);
  const resourceOf = (at: number): number => (at >= 0 && carriers.resourceHas(service(at), key) ? at : -1);
  const callee = (): number => {
    // in preorder a first child comes right after its parent
    const child = node + 1 < layout.size && parent[node + 1] === node ? node + 1 : -1;
    return child >= 0 && service(child) !== service(node) ? child : -1;
  };
  switch (kind) {
    case OriginKind.Ancestor:
      return along(parent[node] as number, (at) => parent[at] as number, has);
    case OriginKind.Previous:
      return along(previous[node] as number, (at) => previous[at] as number, has);
    case OriginKind.Service: {
      const own = service(node);
      return along(
        node - 1,
        (at) => at - 1,
        (at) => service(at) === own && has(at)
      );
    }
    case OriginKind.Trace:
      return along(node - 1, (at) => at - 1, has);
    case OriginKind.Root:
      return node > 0 && has(0) ? 0 : -1;
    case OriginKind.Own:
    case OriginKind.Owner:
      return has(node) ? node : -1;
    case OriginKind.Resource:
      return resourceOf(node);
    case OriginKind.ParentResource:
      return resourceOf(Math.max(-1, parent[node] as number));
    case OriginKind.CalleeResource:
      return resourceOf(callee());
    case OriginKind.OwnInstance:
      return node;
    case OriginKind.ParentInstance:
      return Math.max(-1, parent[node] as number);
    case OriginKind.CalleeInstance:
      return callee();
  }
}

/** Writes an origin; undefined as a single zero. */
export function writeOrigin(writer: ByteWriter, origin: Origin | undefined): void {
  writer.byte(origin === undefined ? 0 : origin.kind + 1);
  if (origin === undefined) {
    return;
  }
  if (!isInstanceOrigin(origin.kind)) {
    writer.varint(origin.key);
    return;
  }
  writer.varint(origin.byInstance?.size ?? 0);
  let last = 0;
  for (const [id, pair] of origin.byInstance ?? []) {
    writer.zigzag(id - last);
    writer.varint(pair + 1);
    last = id;
  }
}

/** Reads what {@link writeOrigin} wrote. @param keys - how many keys there are; `pairs` how many pairs */
export function readOrigin(reader: ByteReader, keys: number, pairs: number): Origin | undefined {
  const code = reader.byte();
  if (code === 0) {
    return undefined;
  }
  const kind: OriginKind = code - 1;
  if (kind > OriginKind.CalleeInstance) {
    reader.fail('an unknown kind of origin');
  }
  if (!isInstanceOrigin(kind)) {
    return { kind, key: reader.varint(keys - 1) };
  }
  const byInstance = new Map<number, number>();
  let id = 0;
  for (let left = reader.count(2); left > 0; left--) {
    id += reader.zigzag();
    byInstance.set(id, reader.varint(pairs) - 1);
  }
  return { kind, key: 0, byInstance };
}
