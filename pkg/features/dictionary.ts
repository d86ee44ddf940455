/** @file The dictionary: what spans are called. Operations, and operations with a status (nodes of shapes). */
import { ByteReader, ByteWriter } from '../model';
import type { KeyValue } from '../trace';
import { readAttributes, writeAttributes } from './values';

/** An instrumentation scope. */
export interface ScopeEntry {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** A kind of span: everything about it that does not vary. Numbers point into the dictionary's lists. */
export interface OperationEntry {
  readonly service: number;
  readonly name: string;
  readonly kind: number;
  readonly scope: number;
}

/** A node of a shape: an operation and the status its span ends with. */
export interface NodeEntry {
  readonly operation: number;
  readonly status: number;
}

export interface Dictionary {
  /** service.name; the empty string stands for a resource without one. */
  readonly services: readonly string[];
  readonly scopes: readonly ScopeEntry[];
  readonly operations: readonly OperationEntry[];
  readonly nodes: readonly NodeEntry[];
}

/** Writes a dictionary. */
export function writeDictionary(writer: ByteWriter, dictionary: Dictionary): void {
  writer.strings(dictionary.services);
  writer.varint(dictionary.scopes.length);
  for (const scope of dictionary.scopes) {
    writer.string(scope.name);
    writer.string(scope.version);
    writeAttributes(writer, scope.attributes);
    writer.varint(scope.droppedAttributesCount);
    writer.string(scope.schemaUrl);
  }
  // Column by column: gzip likes columns.
  writer.strings(dictionary.operations.map((operation) => operation.name));
  for (const column of ['service', 'kind', 'scope'] as const) {
    for (const operation of dictionary.operations) {
      writer.varint(operation[column]);
    }
  }
  writer.deltas(dictionary.nodes.map((node) => node.operation));
  for (const node of dictionary.nodes) {
    writer.varint(node.status);
  }
}

/** Reads a dictionary; every reference is checked. */
export function readDictionary(reader: ByteReader): Dictionary {
  const services = reader.strings();
  const scopes: ScopeEntry[] = [];
  for (let left = reader.count(5); left > 0; left--) {
    scopes.push({
      name: reader.string(),
      version: reader.string(),
      attributes: readAttributes(reader),
      droppedAttributesCount: reader.varint(0xffffffff),
      schemaUrl: reader.string(),
    });
  }
  const names = reader.strings();
  const column = (max: number): number[] => names.map(() => reader.varint(max));
  const service = column(services.length - 1);
  const kind = column(0x7fffffff);
  const scope = column(scopes.length - 1);
  const operations = names.map((name, i) => ({
    service: service[i] as number,
    name,
    kind: kind[i] as number,
    scope: scope[i] as number,
  }));
  const nodeOperations = reader.deltas();
  const nodes: NodeEntry[] = [];
  for (const operation of nodeOperations) {
    if (operation < 0 || operation >= operations.length) {
      reader.fail(`node of operation ${operation}, there are ${operations.length}`);
    }
    nodes.push({ operation, status: reader.varint(0x7fffffff) });
  }
  return { services, scopes, operations, nodes };
}
