/** @file The syntax tree of a query. `at` is the offset in the query's text, for messages. */
import type { Intrinsic } from './intrinsics';
import type { Scope } from './lexer';

/** A literal. int and duration (ns) are int64, exact. Kinds and statuses carry their keyword. */
export type Static =
  | { readonly type: 'nil' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'duration'; readonly value: bigint }
  | { readonly type: 'status'; readonly value: StatusName }
  | { readonly type: 'kind'; readonly value: KindName };

/** Index = OTLP status code. */
export const STATUS_NAMES = ['unset', 'ok', 'error'] as const;
/** Index = OTLP span kind. */
export const KIND_NAMES = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export type StatusName = (typeof STATUS_NAMES)[number];
export type KindName = (typeof KIND_NAMES)[number];

/** An attribute or an intrinsic. An intrinsic has scope `none` and its canonical name as name. */
export interface AttributeRef {
  readonly scope: Scope;
  readonly parent: boolean;
  readonly name: string;
  readonly intrinsic?: Intrinsic;
}

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!~';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';
export type BinaryOperator = '&&' | '||' | ComparisonOperator | ArithmeticOperator;

export type FieldExpr =
  | { readonly kind: 'static'; readonly value: Static; readonly at: number }
  | { readonly kind: 'attribute'; readonly attribute: AttributeRef; readonly at: number }
  | { readonly kind: 'unary'; readonly operator: '!' | '-'; readonly operand: FieldExpr; readonly at: number }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: FieldExpr;
      readonly right: FieldExpr;
      readonly at: number;
    };

export type StructuralOperator =
  '>' | '>>' | '<' | '<<' | '~' | '!>' | '!>>' | '!<' | '!<<' | '!~' | '&>' | '&>>' | '&<' | '&<<' | '&~';
export type SpansetOperator = '&&' | '||' | StructuralOperator;

export interface SpansetFilter {
  readonly kind: 'filter';
  readonly expression: FieldExpr;
  readonly at: number;
}

export interface SpansetOperation {
  readonly kind: 'operation';
  readonly operator: SpansetOperator;
  readonly left: SpansetExpr;
  readonly right: SpansetExpr;
  readonly at: number;
}

/** A pipeline in parentheses, as an operand. */
export interface WrappedPipeline {
  readonly kind: 'pipeline';
  readonly stages: readonly Stage[];
  readonly at: number;
}

export type SpansetExpr = SpansetFilter | SpansetOperation | WrappedPipeline;

export type AggregateName = 'count' | 'min' | 'max' | 'avg' | 'sum';

export type ScalarExpr =
  | { readonly kind: 'scalar'; readonly value: Static; readonly at: number }
  | {
      readonly kind: 'aggregate';
      readonly name: AggregateName;
      readonly expression: FieldExpr | undefined;
      readonly at: number;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: ScalarExpr;
      readonly right: ScalarExpr;
      readonly at: number;
    }
  | {
      readonly kind: 'scalarPipeline';
      readonly stages: readonly Stage[];
      readonly aggregate: ScalarExpr;
      readonly at: number;
    };

export interface ScalarFilter {
  readonly kind: 'scalarFilter';
  readonly operator: ComparisonOperator;
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
  readonly at: number;
}

export interface GroupBy {
  readonly kind: 'by';
  readonly expression: FieldExpr;
  readonly at: number;
}

export interface Coalesce {
  readonly kind: 'coalesce';
  readonly at: number;
}

export interface Select {
  readonly kind: 'select';
  readonly attributes: readonly AttributeRef[];
  readonly at: number;
}

export type Stage = SpansetExpr | ScalarFilter | GroupBy | Coalesce | Select;

export type OverTimeName = 'min_over_time' | 'max_over_time' | 'avg_over_time' | 'sum_over_time';

/** The first stage of metrics: spans → series. */
export type MetricsAggregate =
  | {
      readonly kind: 'rate' | 'count_over_time';
      readonly by: readonly AttributeRef[];
      readonly at: number;
    }
  | {
      readonly kind: OverTimeName | 'histogram_over_time';
      readonly attribute: AttributeRef;
      readonly by: readonly AttributeRef[];
      readonly at: number;
    }
  | {
      readonly kind: 'quantile_over_time';
      readonly attribute: AttributeRef;
      readonly quantiles: readonly number[];
      readonly by: readonly AttributeRef[];
      readonly at: number;
    }
  | {
      readonly kind: 'compare';
      readonly selection: SpansetFilter;
      readonly topN: bigint;
      /** Only spans in [start, end] (ns) can belong to the selection; absent = all. */
      readonly window?: { readonly start: bigint; readonly end: bigint };
      readonly at: number;
    };

/** What follows the first stage: series → series. */
export type SecondStage =
  | { readonly kind: 'topk' | 'bottomk'; readonly limit: bigint; readonly at: number }
  | {
      readonly kind: 'metricsFilter';
      readonly operator: ComparisonOperator;
      /** Durations are given in seconds here. */
      readonly value: number;
      readonly at: number;
    };

export type MathOperator = '+' | '-' | '*' | '/';

export type MetricsExpr =
  | {
      readonly kind: 'metrics';
      readonly stages: readonly Stage[];
      readonly aggregate: MetricsAggregate;
      readonly second: readonly SecondStage[];
      readonly at: number;
    }
  | {
      readonly kind: 'math';
      readonly operator: MathOperator;
      readonly left: MetricsExpr;
      readonly right: MetricsExpr;
      readonly second: readonly SecondStage[];
      readonly at: number;
    }
  | { readonly kind: 'number'; readonly value: number; readonly at: number };

export interface Hint {
  readonly name: string;
  readonly value: Static;
}

/** A whole query. `text` is what was parsed. */
export type Query = { readonly text: string; readonly hints: readonly Hint[] } & (
  | { readonly kind: 'search'; readonly stages: readonly Stage[] }
  | { readonly kind: 'metrics'; readonly metrics: Exclude<MetricsExpr, { kind: 'number' }> }
);

export type SearchQuery = Extract<Query, { kind: 'search' }>;
export type MetricsQuery = Extract<Query, { kind: 'metrics' }>;
