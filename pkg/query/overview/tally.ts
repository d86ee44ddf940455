/** @file Adds up what trees tell: by operation, by call between services, and by structure. */
import { createHash } from 'node:crypto';
import type { OperationTable, TreeFacts } from './tree-facts';
import type { OperationName } from './types';

/** What was counted of one operation. */
export interface OperationTally extends OperationName {
  spans: number;
  errors: number;
  requests: number;
  failedRequests: number;
  /** Traces with the operation, and the sum of the squares of its spans in each. */
  traces: number;
  squares: number;
  /** Traces in which an error of the operation began. */
  tracesBegan: number;
  /** Traces in which the operation has an error. */
  tracesFailed: number;
}

export interface CallTally {
  readonly client: string;
  readonly server: string;
  calls: number;
  failed: number;
}

/** Which operation calls which, within one kind of trace: counts, order and repetition left out. */
export interface Structure {
  /** The same for the same structure in any model or trace. */
  readonly key: string;
  readonly root: OperationName;
  /** Names of the calls, `service operation → service operation`, sorted. */
  readonly calls: readonly string[];
}

/** One tree, added up by operation and by call. */
export interface TreeSummary {
  readonly operations: ReadonlyArray<{
    readonly operation: OperationName;
    readonly spans: number;
    readonly errors: number;
    readonly requests: number;
    readonly failedRequests: number;
    readonly began: number;
  }>;
  readonly calls: ReadonlyArray<Readonly<CallTally>>;
  readonly structure: Structure;
}

export const operationKey = ({ service, name, kind }: OperationName): string => `${service}\0${name}\0${kind}`;

const title = ({ service, name }: OperationName): string => `${service} ${name}`;

function structureOf(table: OperationTable, facts: TreeFacts): Structure {
  const { operation, parent } = facts;
  const pairs = new Map<string, string>();
  const named = (id: number): OperationName => table.operations[id] as OperationName;
  let root = 0;
  for (let i = operation.length - 1; i >= 0; i--) {
    const own = named(operation[i] as number);
    const above = parent[i] as number;
    if (above < 0) {
      root = i;
      pairs.set(`\0${operationKey(own)}`, title(own));
    } else {
      const from = named(operation[above] as number);
      pairs.set(`${operationKey(from)}\0${operationKey(own)}`, `${title(from)} → ${title(own)}`);
    }
  }
  const hash = createHash('sha256');
  for (const key of [...pairs.keys()].sort()) {
    hash.update(`${key}\n`);
  }
  return {
    key: hash.digest('base64url').slice(0, 22),
    root: named(operation[root] as number),
    calls: [...new Set(pairs.values())].sort(),
  };
}

/** Adds up one tree. */
export function summarise(table: OperationTable, facts: TreeFacts): TreeSummary {
  const operations = new Map<
    number,
    { -readonly [K in keyof TreeSummary['operations'][number]]: TreeSummary['operations'][number][K] }
  >();
  const calls = new Map<string, CallTally>();
  facts.operation.forEach((id, i) => {
    let entry = operations.get(id);
    if (entry === undefined) {
      const operation = table.operations[id] as OperationName;
      entry = { operation, spans: 0, errors: 0, requests: 0, failedRequests: 0, began: 0 };
      operations.set(id, entry);
    }
    const error = facts.error[i] as number;
    const request = facts.request[i] as number;
    entry.spans++;
    entry.errors += error;
    entry.requests += request;
    entry.failedRequests += request & error;
    entry.began += facts.began[i] as number;
    const caller = facts.caller[i] as number;
    if (caller >= 0) {
      const client = table.services[caller] as string;
      const server = (table.operations[id] as OperationName).service;
      const key = `${client}\0${server}`;
      const call = calls.get(key) ?? { client, server, calls: 0, failed: 0 };
      calls.set(key, call);
      call.calls++;
      call.failed += error;
    }
  });
  return {
    operations: [...operations.values()],
    calls: [...calls.values()],
    structure: structureOf(table, facts),
  };
}

/** The sum of many trees. */
export class Tally {
  readonly operations = new Map<string, OperationTally>();
  readonly calls = new Map<string, CallTally>();
  readonly structures = new Map<string, { readonly structure: Structure; traces: number }>();
  traces = 0;

  /** Adds `count` whole trees. */
  add(tree: TreeSummary, count: number): void {
    this.traces += count;
    for (const { operation, spans, errors, requests, failedRequests, began } of tree.operations) {
      const sum = this.operation(operation);
      sum.spans += spans * count;
      sum.errors += errors * count;
      sum.requests += requests * count;
      sum.failedRequests += failedRequests * count;
      sum.traces += count;
      sum.squares += spans * spans * count;
      sum.tracesBegan += began > 0 ? count : 0;
      sum.tracesFailed += errors > 0 ? count : 0;
    }
    for (const { client, server, calls, failed } of tree.calls) {
      const sum = this.call(client, server);
      sum.calls += calls * count;
      sum.failed += failed * count;
    }
    const { structure } = tree;
    const known = this.structures.get(structure.key) ?? { structure, traces: 0 };
    this.structures.set(structure.key, known);
    known.traces += count;
  }

  /** Adds all of another tally. */
  merge(other: Tally): void {
    this.traces += other.traces;
    for (const one of other.operations.values()) {
      const sum = this.operation(one);
      sum.spans += one.spans;
      sum.errors += one.errors;
      sum.requests += one.requests;
      sum.failedRequests += one.failedRequests;
      sum.traces += one.traces;
      sum.squares += one.squares;
      sum.tracesBegan += one.tracesBegan;
      sum.tracesFailed += one.tracesFailed;
    }
    for (const { client, server, calls, failed } of other.calls.values()) {
      const sum = this.call(client, server);
      sum.calls += calls;
      sum.failed += failed;
    }
    for (const [key, { structure, traces }] of other.structures) {
      const known = this.structures.get(key) ?? { structure, traces: 0 };
      this.structures.set(key, known);
      known.traces += traces;
    }
  }

  /** Adds span `i` of `count` trees: where a range cuts traces. Traces and structures are not counted. */
  addSpan(table: OperationTable, facts: TreeFacts, i: number, count: number): void {
    const operation = table.operations[facts.operation[i] as number] as OperationName;
    const sum = this.operation(operation);
    const error = facts.error[i] as number;
    const request = facts.request[i] as number;
    sum.spans += count;
    sum.errors += error * count;
    sum.requests += request * count;
    sum.failedRequests += (request & error) * count;
    const caller = facts.caller[i] as number;
    if (caller >= 0) {
      const call = this.call(table.services[caller] as string, operation.service);
      call.calls += count;
      call.failed += error * count;
    }
  }

  private operation({ service, name, kind }: OperationName): OperationTally {
    const key = operationKey({ service, name, kind });
    let sum = this.operations.get(key);
    if (sum === undefined) {
      sum = {
        service,
        name,
        kind,
        spans: 0,
        errors: 0,
        requests: 0,
        failedRequests: 0,
        traces: 0,
        squares: 0,
        tracesBegan: 0,
        tracesFailed: 0,
      };
      this.operations.set(key, sum);
    }
    return sum;
  }

  private call(client: string, server: string): CallTally {
    const key = `${client}\0${server}`;
    let sum = this.calls.get(key);
    if (sum === undefined) {
      sum = { client, server, calls: 0, failed: 0 };
      this.calls.set(key, sum);
    }
    return sum;
  }
}
