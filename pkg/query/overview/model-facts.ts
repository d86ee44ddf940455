/** @file The trees of a model's shapes, read once, and their counts in a range: nothing is generated. */
import type { TraceGenerator } from '../../generate';
import type { TimeRange } from '../types';
import { summarise, Tally, type TreeSummary } from './tally';
import { OperationTable, treeFacts, type TreeFacts } from './tree-facts';

const NANOS = 1_000_000_000n;

/** What traces are drawn from for durations. */
export interface Population {
  readonly spans: number;
  /** Traces with a span of each service. */
  readonly services: ReadonlyMap<string, number>;
}

/** Shapes of one opened model. */
export class ModelFacts {
  private readonly table = new OperationTable();
  private readonly facts: Array<TreeFacts | undefined>;
  private readonly summaries: Array<TreeSummary | undefined>;
  private readonly services: Array<Set<string> | undefined> = [];
  private readonly operationOfClass: Int32Array;
  private wholeTally: Tally | undefined;
  private wholePopulation: Population | undefined;

  private constructor(private readonly model: TraceGenerator) {
    this.facts = new Array<TreeFacts | undefined>(model.shapeCount);
    this.summaries = new Array<TreeSummary | undefined>(model.shapeCount);
    this.operationOfClass = Int32Array.from(model.classes, (spanClass) => this.table.id(spanClass));
  }

  private static readonly known = new WeakMap<TraceGenerator, ModelFacts>();

  /** The facts of a model, kept for as long as it is open. */
  static of(model: TraceGenerator): ModelFacts {
    let facts = this.known.get(model);
    if (facts === undefined) {
      facts = new ModelFacts(model);
      this.known.set(model, facts);
    }
    return facts;
  }

  /** One shape, added up. */
  summaryOf(shape: number): TreeSummary {
    return (this.summaries[shape] ??= summarise(this.table, this.factsOf(shape)));
  }

  /** Names of the services of a shape. */
  servicesOf(shape: number): ReadonlySet<string> {
    return (this.services[shape] ??= new Set(
      this.summaryOf(shape).operations.map(({ operation }) => operation.service)
    ));
  }

  /**
   * Adds the spans that begin in a range of whole time buckets.
   * @param range - ends on edges of buckets, see {@link bucketsOf}
   * @param whole - the range holds all of the model
   */
  addSpans(tally: Tally, range: TimeRange, whole: boolean): void {
    if (whole) {
      this.addTraces(tally, range, true);
      return;
    }
    const { rows } = this.model;
    const { from, to } = bucketsOf(range, rows.bucketSeconds);
    const counts = new Float64Array(this.model.shapeCount);
    for (let row = 0; row < rows.buckets.length; row++) {
      const bucket = rows.buckets[row] as number;
      const shape = rows.shapes[row] as number;
      const count = rows.counts[row] as number;
      const shifts = rows.shiftsOf(row);
      if (shifts === undefined) {
        if (bucket >= from && bucket < to) {
          counts[shape] = (counts[shape] as number) + count;
        }
        continue;
      }
      const inside = Array.from(shifts, (shift) => bucket + shift >= from && bucket + shift < to);
      if (inside.every(Boolean)) {
        counts[shape] = (counts[shape] as number) + count;
        continue;
      }
      const facts = this.factsOf(shape);
      inside.forEach((isInside, i) => isInside && tally.addSpan(this.table, facts, i, count));
    }
    this.addCounts(tally, counts);
  }

  /**
   * Adds the traces whose first span begins in the range, whole.
   * @param whole - the range holds all of the model
   */
  addTraces(tally: Tally, range: TimeRange, whole: boolean): void {
    if (!whole) {
      this.addCounts(tally, this.countsIn(range));
      return;
    }
    if (this.wholeTally === undefined) {
      this.wholeTally = new Tally();
      this.addCounts(this.wholeTally, this.countsIn(undefined));
    }
    tally.merge(this.wholeTally);
  }

  /** Spans of the traces that begin in the range, and traces by service. */
  populationOf(range: TimeRange, whole: boolean): Population {
    if (!whole) {
      return this.population(this.countsIn(range));
    }
    this.wholePopulation ??= this.population(this.countsIn(undefined));
    return this.wholePopulation;
  }

  private population(counts: Float64Array): Population {
    let spans = 0;
    const services = new Map<string, number>();
    counts.forEach((count, shape) => {
      if (count > 0) {
        spans += count * this.model.shapeClasses(shape).length;
        for (const service of this.servicesOf(shape)) {
          services.set(service, (services.get(service) ?? 0) + count);
        }
      }
    });
    return { spans, services };
  }

  /** Traces of each shape that begin in the range; undefined = all. */
  private countsIn(range: TimeRange | undefined): Float64Array {
    const { buckets, shapes, counts, bucketSeconds } = this.model.rows;
    const { from, to } = range === undefined ? { from: -Infinity, to: Infinity } : bucketsOf(range, bucketSeconds);
    const sums = new Float64Array(this.model.shapeCount);
    for (let row = 0; row < buckets.length; row++) {
      const bucket = buckets[row] as number;
      if (bucket >= from && bucket < to) {
        const shape = shapes[row] as number;
        sums[shape] = (sums[shape] as number) + (counts[row] as number);
      }
    }
    return sums;
  }

  private addCounts(tally: Tally, counts: Float64Array): void {
    counts.forEach((count, shape) => count > 0 && tally.add(this.summaryOf(shape), count));
  }

  private factsOf(shape: number): TreeFacts {
    let facts = this.facts[shape];
    if (facts === undefined) {
      const { model } = this;
      const classes = model.shapeClasses(shape);
      const operation = Int32Array.from(classes, (id) => this.operationOfClass[id] as number);
      const status = Uint8Array.from(classes, (id) => model.classes[id]?.statusCode ?? 0);
      facts = treeFacts(this.table, operation, status, model.shapeParents(shape));
      this.facts[shape] = facts;
    }
    return facts;
  }
}

/** Numbers of the buckets of a range whose ends are edges of buckets: [from, to). */
export function bucketsOf(range: TimeRange, bucketSeconds: number): { from: number; to: number } {
  const width = BigInt(bucketSeconds) * NANOS;
  return { from: Number(range.start / width), to: Number((range.end + width - 1n) / width) };
}
