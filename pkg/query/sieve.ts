/**
 * @file A query as a sieve: what it asks of durations and span attributes, put to traces that are drawn only in part.
 * Bounds of durations become classes of spans narrower than those of the model, and push-down judges these.
 */
import type { KnownValues, PossibleScope, Sieve, SieveSpans, SpanClass, TraceGenerator } from '../generate';
import type { AttributeValue } from '../trace';
import {
  compileSpanPredicate,
  compileTraceFilter,
  drawnConditions,
  type DrawnConditions,
  type Query,
  type SpanPredicate,
  type StaticSpan,
} from '../traceql';

/** Attributes with which generating marks what it writes begin so. */
const MARKED = 'gent.';
/** Answers that are kept for each shape. */
const MOST_KNOWN = 20_000;

interface ShapeSpans {
  /** The narrowest class of each span that holds whatever is drawn. */
  readonly spans: StaticSpan[];
  readonly wanted: SieveSpans | undefined;
  /** Whether traces may matter, by what is known of the spans asked for: a number where one suffices. */
  readonly known: Map<string | number, boolean>;
  readonly byNumber: boolean;
}

/** One query and one model. */
export class QuerySieve implements Sieve {
  readonly keys: ReadonlySet<string>;
  private readonly breaks: readonly number[];
  private readonly aggregates: boolean;
  private readonly predicates: readonly SpanPredicate[];
  private readonly shapes: Array<ShapeSpans | undefined> = [];
  /** Narrowed classes: by class, cells of durations, and what is known of attributes. */
  private readonly narrowed = new Map<string, StaticSpan>();

  private readonly possibleValues = new Map<string, KnownValues>();

  private constructor(
    private readonly model: TraceGenerator,
    query: Query,
    conditions: DrawnConditions,
    private readonly mayMatch: (spans: readonly StaticSpan[]) => boolean
  ) {
    this.keys = conditions.spanKeys;
    this.breaks = conditions.durationBreaks;
    this.aggregates = conditions.aggregatesDuration;
    this.predicates = compileSpanPredicate(query);
  }

  /** @returns undefined when nothing that is drawn decides about the query */
  static of(
    model: TraceGenerator,
    query: Query,
    mayMatch: ReturnType<typeof compileTraceFilter> = compileTraceFilter(query)
  ): QuerySieve | undefined {
    const conditions = drawnConditions(query);
    return conditions === undefined ? undefined : new QuerySieve(model, query, conditions, mayMatch);
  }

  /** Whether any trace of a shape may matter, by the bounds of its durations. */
  shapeMatters(shape: number): boolean {
    return this.mayMatch(this.spansOfShape(shape).spans);
  }

  spansOf(shape: number): SieveSpans | undefined {
    return this.spansOfShape(shape).wanted;
  }

  keeps(shape: number, least: Float64Array, most: Float64Array, variants: Float64Array): boolean {
    const { spans, wanted, known, byNumber } = this.spansOfShape(shape);
    if (wanted === undefined) {
      return true;
    }
    const key = byNumber ? this.numberOf(least, most, wanted.spans.length) : this.textOf(least, most, variants);
    let keeps = known.get(key);
    if (keeps === undefined) {
      const narrowed = [...spans];
      wanted.spans.forEach((span, k) => {
        narrowed[span] = this.narrow(shape, span, least[k] as number, most[k] as number, variants[k] as number);
      });
      keeps = this.mayMatch(narrowed);
      if (known.size >= MOST_KNOWN) {
        known.clear();
      }
      known.set(key, keeps);
    }
    return keeps;
  }

  private numberOf(least: Float64Array, most: Float64Array, count: number): number {
    const cells = this.breaks.length + 1;
    let key = 0;
    for (let k = 0; k < count; k++) {
      key = (key * cells + this.cellOf(least[k] as number)) * cells + this.cellOf(most[k] as number);
    }
    return key;
  }

  private textOf(least: Float64Array, most: Float64Array, variants: Float64Array): string {
    let key = '';
    for (let k = 0; k < variants.length; k++) {
      key += `${this.cellOf(least[k] as number)},${this.cellOf(most[k] as number)},${variants[k] as number};`;
    }
    return key;
  }

  /** Number of the cell of a duration: how many breaks do not exceed it. */
  private cellOf(duration: number): number {
    let cell = 0;
    while (cell < this.breaks.length && (this.breaks[cell] as number) <= duration) {
      cell++;
    }
    return cell;
  }

  private spansOfShape(shape: number): ShapeSpans {
    let found = this.shapes[shape];
    if (found === undefined) {
      found = this.describe(shape);
      this.shapes[shape] = found;
    }
    return found;
  }

  private describe(shape: number): ShapeSpans {
    const { least, most } = this.model.durationBounds(shape);
    const classes = this.model.shapeClasses(shape);
    const spans = Array.from(classes, (_, i) => this.narrow(shape, i, least[i] as number, most[i] as number, -1));
    // Only spans of which it is open whether they match, and which more than their class decides about.
    const open = Array.from(classes.keys()).filter((i) => {
      const span = spans[i] as StaticSpan;
      const decided = this.breaks.length === 0 || this.cellOf(least[i] as number) === this.cellOf(most[i] as number);
      return (
        (!decided || this.asksFor(span)) &&
        this.predicates.some((judge) => judge(span) === 'maybe' || (this.aggregates && judge(span) === 'yes'))
      );
    });
    const wanted =
      open.length === 0
        ? undefined
        : {
            spans: Int32Array.from(open),
            attributes: Uint8Array.from(open, (i) => (this.asksFor(spans[i] as StaticSpan) ? 1 : 0)),
          };
    const numbers = (this.breaks.length + 1) ** (2 * open.length);
    const byNumber = numbers <= Number.MAX_SAFE_INTEGER && wanted?.attributes.includes(1) !== true;
    return { spans, wanted, known: new Map(), byNumber };
  }

  private asksFor({ spanVariables }: StaticSpan): boolean {
    return [...this.keys].some((key) => spanVariables.has(key));
  }

  /** The class of a span whose duration lies between two values, and whose attributes are of a variant. */
  private narrow(shape: number, span: number, least: number, most: number, variant: number): StaticSpan {
    const id = this.model.shapeClasses(shape)[span] as number;
    const spanClass = this.model.classes[id] as SpanClass;
    const low = this.cellOf(least);
    const high = this.cellOf(most);
    const key = `${id},${low},${high},${variant}`;
    let found = this.narrowed.get(key);
    if (found === undefined) {
      const duration = {
        least: low === 0 ? 0 : (this.breaks[low - 1] as number),
        most: (this.breaks[high] ?? Infinity) - 1,
      };
      const known = variant < 0 ? spanClass : this.withAttributes(spanClass, shape, span, variant);
      found = { ...known, duration, possible: (scope, name) => this.possible(id, scope, name) };
      if (this.narrowed.size >= MOST_KNOWN) {
        this.narrowed.clear();
      }
      this.narrowed.set(key, found);
    }
    return found;
  }

  /** Values that an attribute of generated spans of a class can have; undefined: any. */
  private possible(id: number, scope: PossibleScope, name: string): readonly AttributeValue[] | undefined {
    if (name.startsWith(MARKED)) {
      return undefined;
    }
    const key = `${id} ${scope} ${name}`;
    let found = this.possibleValues.get(key);
    if (found === undefined) {
      found = this.model.possibleValues(id, scope, name);
      this.possibleValues.set(key, found);
    }
    return found.others ? undefined : found.values;
  }

  private withAttributes(spanClass: SpanClass, shape: number, span: number, variant: number): StaticSpan {
    const { constants, variables } = this.model.attributesOf(shape, span, this.keys, variant);
    return {
      ...spanClass,
      spanConstants: [...spanClass.spanConstants.filter(({ key }) => !this.keys.has(key)), ...constants],
      spanVariables: new Set([...[...spanClass.spanVariables].filter((key) => !this.keys.has(key)), ...variables]),
    };
  }
}
