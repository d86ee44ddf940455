/** @file Shares equal resources, scopes, keys and short strings, so that a million spans hold them once. */
import { type AttributeValue, type EntityRef, type KeyValue, KeyValueList, type Resource, type Scope } from './types';

const MAX_STRINGS = 1 << 16;
const MAX_STRING_LENGTH = 128;
const MAX_OBJECTS = 1 << 13;

/** No attributes; shared by every span that has none. */
export const NO_ATTRIBUTES: readonly KeyValue[] = [];

/** A text that is equal exactly for equal values, of whatever type. */
function valueKey(value: AttributeValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      return `i${value}`;
    case 'number':
      return Object.is(value, -0) ? 'd-0' : `d${value}`;
    default:
  }
  if (value === null) {
    return 'n';
  }
  if (value instanceof Uint8Array) {
    return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`;
  }
  if (value instanceof KeyValueList) {
    return `{${attributesKey(value.entries)}}`;
  }
  return `[${value.map(valueKey).join(',')}]`;
}

function attributesKey(attributes: readonly KeyValue[]): string {
  return attributes.map(({ key, value }) => `${JSON.stringify(key)}:${valueKey(value)}`).join(',');
}

function entitiesKey(entities: readonly EntityRef[] | undefined): string {
  return entities === undefined || entities.length === 0
    ? ''
    : JSON.stringify(entities.map((e) => [e.schemaUrl, e.type, e.idKeys, e.descriptionKeys]));
}

/** A text that is equal exactly for equal resources: content, not identity. */
export function resourceKey(resource: Resource): string {
  const { attributes, droppedAttributesCount, schemaUrl, entityRefs } = resource;
  return `${attributesKey(attributes)}|${droppedAttributesCount}|${JSON.stringify(schemaUrl)}|${entitiesKey(entityRefs)}`;
}

/** A text that is equal exactly for equal scopes. */
export function scopeKey(scope: Scope): string {
  const texts = JSON.stringify([scope.name, scope.version, scope.schemaUrl, scope.droppedAttributesCount]);
  return `${texts}|${attributesKey(scope.attributes)}`;
}

/**
 * Shares equal things within one reader. Each table is bounded: a full one is emptied, which costs sharing but never
 * correctness.
 */
export class Interner {
  private readonly keys = new Map<string, string>();
  private readonly values = new Map<string, string>();
  private readonly resources = new Map<string, Resource>();
  private readonly scopes = new Map<string, Scope>();
  private readonly resourcesBySource = new Map<string, Resource>();
  private readonly scopesBySource = new Map<string, Scope>();

  /** Shares an attribute key or a name. */
  key(text: string): string {
    return share(this.keys, text);
  }

  /** Shares a short string value. */
  value(text: string): string {
    return text.length > MAX_STRING_LENGTH ? text : share(this.values, text);
  }

  /** The first resource seen with this content. */
  resource(resource: Resource): Resource {
    return shareBy(this.resources, resourceKey(resource), resource);
  }

  /** The first scope seen with this content. */
  scope(scope: Scope): Scope {
    return shareBy(this.scopes, scopeKey(scope), scope);
  }

  /** {@link resource}, found again by the text it was read from, so that it is built once (`keep` says whether). */
  resourceFrom(source: string, build: () => Built<Resource>): Resource {
    const held = this.resourcesBySource.get(source);
    if (held !== undefined) {
      return held;
    }
    const { item, keep } = build();
    const shared = this.resource(item);
    return keep ? shareBy(this.resourcesBySource, source, shared) : shared;
  }

  /** {@link scope}, found again by the text it was read from. */
  scopeFrom(source: string, build: () => Built<Scope>): Scope {
    const held = this.scopesBySource.get(source);
    if (held !== undefined) {
      return held;
    }
    const { item, keep } = build();
    const shared = this.scope(item);
    return keep ? shareBy(this.scopesBySource, source, shared) : shared;
  }
}

/** Something built from a source text, and whether that text alone determines it. */
export interface Built<T> {
  item: T;
  keep: boolean;
}

function share(table: Map<string, string>, text: string): string {
  const held = table.get(text);
  if (held !== undefined) {
    return held;
  }
  if (table.size >= MAX_STRINGS) {
    table.clear();
  }
  table.set(text, text);
  return text;
}

function shareBy<T>(table: Map<string, T>, key: string, item: T): T {
  const held = table.get(key);
  if (held !== undefined) {
    return held;
  }
  if (table.size >= MAX_OBJECTS) {
    table.clear();
  }
  table.set(key, item);
  return item;
}
