/** @file What the tree of a trace alone tells of its spans: entries into services, calls, where errors began. */
import type { OperationName } from './types';

const STATUS_ERROR = 2;

/** Operations by number, each with the number of its service. */
export class OperationTable {
  readonly operations: OperationName[] = [];
  readonly services: string[] = [];
  /** Number of the service of each operation. */
  readonly serviceOf: number[] = [];
  private readonly ids = new Map<string, number>();
  private readonly serviceIds = new Map<string, number>();

  id({ service, name, kind }: OperationName): number {
    const key = `${kind}\0${service}\0${name}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.operations.length;
      this.ids.set(key, id);
      this.operations.push({ service, name, kind });
      this.serviceOf.push(this.serviceId(service));
    }
    return id;
  }

  private serviceId(service: string): number {
    let id = this.serviceIds.get(service);
    if (id === undefined) {
      id = this.services.length;
      this.serviceIds.set(service, id);
      this.services.push(service);
    }
    return id;
  }
}

/** The spans of a tree, one entry a span. */
export interface TreeFacts {
  /** Number in the {@link OperationTable}. */
  readonly operation: Int32Array;
  /** Number of the parent; negative where there is none. */
  readonly parent: Int32Array;
  readonly error: Uint8Array;
  /** 1 for a request: no parent in the same service. */
  readonly request: Uint8Array;
  /** 1 where an error began: an error none of whose children is one. */
  readonly began: Uint8Array;
  /** Number of the service of the parent where that is another service, else −1. */
  readonly caller: Int32Array;
}

/**
 * Reads a tree.
 * @param operation - number of the operation of each span in `table`
 * @param status - OTLP status code of each span
 * @param parent - index of the parent of each span; negative for none
 */
export function treeFacts(
  table: OperationTable,
  operation: Int32Array,
  status: ArrayLike<number>,
  parent: Int32Array
): TreeFacts {
  const size = operation.length;
  const error = Uint8Array.from({ length: size }, (_, i) => (status[i] === STATUS_ERROR ? 1 : 0));
  const request = new Uint8Array(size);
  const began = error.slice();
  const caller = new Int32Array(size).fill(-1);
  for (let i = 0; i < size; i++) {
    const above = parent[i] as number;
    if (above < 0) {
      request[i] = 1;
      continue;
    }
    if (error[i] === 1) {
      began[above] = 0;
    }
    const from = table.serviceOf[operation[above] as number] as number;
    if (from !== table.serviceOf[operation[i] as number]) {
      request[i] = 1;
      caller[i] = from;
    }
  }
  return { operation, parent, error, request, began, caller };
}
