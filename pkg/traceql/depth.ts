/**
 * @file How deeply a query is nested: the parentheses that its canonical text cannot do without. Bounding it while parsing
 * keeps printing, checking and compiling from overflowing the stack, and lets every query that was read be read back.
 */
import type { FieldExpr, MathOperator, MetricsExpr, ScalarExpr, SpansetExpr, SpansetOperator, Stage } from './ast';

/** Binding power of field operators; `&&` and `||` share a level in TraceQL. */
export const BINARY_LEVEL = {
  '&&': 2,
  '||': 2,
  '=': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '=~': 3,
  '!~': 3,
  '+': 4,
  '-': 4,
  '*': 6,
  '/': 6,
  '%': 6,
  '^': 7,
} as const;

/** What is measured: any node of a query's tree. */
export type Measured = FieldExpr | ScalarExpr | SpansetExpr | Stage | MetricsExpr;

function spansetLevel(operator: SpansetOperator): number {
  return operator === '&&' || operator === '||' ? 1 : 2;
}

function mathLevel(operator: MathOperator): number {
  return operator === '+' || operator === '-' ? 1 : 2;
}

/** Whether the left side needs no parentheses to read back: `(a || b) || c` is `a || b || c`. */
export function leftNeedsNone(node: Measured): boolean {
  switch (node.kind) {
    case 'binary':
      return (
        node.left.kind === 'binary' &&
        node.operator !== '^' &&
        BINARY_LEVEL[node.operator] === BINARY_LEVEL[node.left.operator]
      );
    case 'operation':
      return node.left.kind === 'operation' && spansetLevel(node.operator) === spansetLevel(node.left.operator);
    case 'math':
      return (
        node.left.kind === 'math' &&
        node.left.second.length === 0 &&
        mathLevel(node.operator) === mathLevel(node.left.operator)
      );
    default:
      return false;
  }
}

function childrenOf(node: Measured): readonly Measured[] {
  switch (node.kind) {
    case 'filter':
      return [node.expression];
    case 'by':
      return [node.expression];
    case 'pipeline':
      return node.stages;
    case 'scalarPipeline':
      return [...node.stages, node.aggregate];
    case 'aggregate':
      return node.expression === undefined ? [] : [node.expression];
    case 'scalarFilter':
      return [node.left, node.right];
    case 'metrics':
      return node.aggregate.kind === 'compare' ? [...node.stages, node.aggregate.selection] : node.stages;
    case 'unary':
      return [node.operand];
    case 'binary':
    case 'operation':
    case 'arithmetic':
    case 'math':
      return [node.left, node.right];
    default:
      return [];
  }
}

/** `depth`: parentheses within each other; `height`: operators within each other. */
export interface Nesting {
  readonly depth: number;
  readonly height: number;
}

/** Measures the nodes of one query, children before parents. */
export class DepthMeter {
  // A plain map that goes when the query is read: weak maps shared by all queries cost the garbage collector dearly.
  private readonly nestings = new Map<Measured, Nesting>();

  /** Notes the nesting of a node whose children are noted already. */
  measure(node: Measured): Nesting {
    const depthOf = (child: Measured): number => this.nestings.get(child)?.depth ?? 0;
    const children = childrenOf(node);
    const height = children.reduce((most, child) => Math.max(most, this.nestings.get(child)?.height ?? 0), 0);
    let depth = 0;
    switch (node.kind) {
      case 'binary':
      case 'operation':
      case 'arithmetic':
      case 'math':
        depth = Math.max(depthOf(node.left) + (leftNeedsNone(node) ? 0 : 1), depthOf(node.right) + 1);
        break;
      case 'filter':
      case 'by':
      case 'aggregate':
      case 'metrics':
        children.forEach((child) => {
          depth = Math.max(depth, depthOf(child));
        });
        break;
      default:
        children.forEach((child) => {
          depth = Math.max(depth, depthOf(child) + 1);
        });
    }
    const nesting = { depth, height: height + 1 };
    this.nestings.set(node, nesting);
    return nesting;
  }
}
