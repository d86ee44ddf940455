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

type Node = FieldExpr | ScalarExpr | SpansetExpr | Stage | MetricsExpr;

function spansetLevel(operator: SpansetOperator): number {
  return operator === '&&' || operator === '||' ? 1 : 2;
}

function mathLevel(operator: MathOperator): number {
  return operator === '+' || operator === '-' ? 1 : 2;
}

/** Whether the left side needs no parentheses to read back: `(a || b) || c` is `a || b || c`. */
export function leftNeedsNone(node: Node): boolean {
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

const depths = new WeakMap<Node, number>();
const heights = new WeakMap<Node, number>();

function known(node: Node): number {
  return depths.get(node) ?? 0;
}

function childrenOf(node: Node): readonly Node[] {
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

/**
 * Notes the depth of a node whose children are noted already.
 * @returns `depth`: parentheses within each other; `height`: operators within each other
 */
export function measure(node: Node): { depth: number; height: number } {
  const children = childrenOf(node);
  let height = 0;
  for (const child of children) {
    height = Math.max(height, heights.get(child) ?? 0);
  }
  let depth = 0;
  switch (node.kind) {
    case 'binary':
    case 'operation':
    case 'arithmetic':
    case 'math':
      depth = Math.max(known(node.left) + (leftNeedsNone(node) ? 0 : 1), known(node.right) + 1);
      break;
    case 'filter':
    case 'by':
    case 'aggregate':
    case 'metrics':
      children.forEach((child) => {
        depth = Math.max(depth, known(child));
      });
      break;
    default:
      children.forEach((child) => {
        depth = Math.max(depth, known(child) + 1);
      });
  }
  const result = { depth, height: height + 1 };
  depths.set(node, result.depth);
  heights.set(node, result.height);
  return result;
}
