/** @file Relations between the spans of a trace, by their true parent links. */
import type { SpansetOperator, StructuralOperator } from './ast';
import type { TraceView } from './trace-view';

function mark(size: number, indices: readonly number[]): Uint8Array {
  const marks = new Uint8Array(size);
  for (const index of indices) {
    marks[index] = 1;
  }
  return marks;
}

function gather(marks: Uint8Array): number[] {
  const found: number[] = [];
  marks.forEach((value, i) => {
    if (value === 1) {
      found.push(i);
    }
  });
  return found;
}

/** For each span: does one of its ancestors have a mark? Every link is walked once. */
function belowMarked(view: TraceView, marks: Uint8Array): Uint8Array {
  const { parents } = view;
  // 0 not known, 1 no, 2 yes, 3 being walked (a cycle in a broken trace).
  const state = new Uint8Array(marks.length);
  const path: number[] = [];
  for (let start = 0; start < marks.length; start++) {
    let at = start;
    while (at >= 0 && state[at] === 0) {
      state[at] = 3;
      path.push(at);
      at = parents[at] ?? -1;
    }
    // What holds for the span that the walk ended at.
    let below = at >= 0 && state[at] === 2;
    let over = at;
    for (let span = path.pop(); span !== undefined; span = path.pop()) {
      below = below || (over >= 0 && marks[over] === 1);
      state[span] = below ? 2 : 1;
      over = span;
    }
  }
  return state.map((value) => (value === 2 ? 1 : 0));
}

/** Marks every ancestor of the given spans (not the spans themselves, unless one is above another). */
function ancestorsOf(view: TraceView, spans: readonly number[]): Uint8Array {
  const { parents } = view;
  const marks = new Uint8Array(parents.length);
  for (const span of spans) {
    for (let at = parents[span] ?? -1; at >= 0 && marks[at] === 0; at = parents[at] ?? -1) {
      marks[at] = 1;
    }
  }
  return marks;
}

// Spans are siblings when they name the same parent, received or not; all roots are siblings.
function siblingKey(view: TraceView, index: number): string {
  const parent = view.parents[index] ?? -1;
  return parent >= 0 ? `#${parent}` : (view.spans[index]?.parentSpanId ?? '');
}

function siblings(
  view: TraceView,
  left: readonly number[],
  right: readonly number[]
): { left: number[]; right: number[] } {
  const count = (spans: readonly number[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const span of spans) {
      const key = siblingKey(view, span);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  };
  const related = (spans: readonly number[], others: readonly number[]): number[] => {
    const counts = count(others);
    const isOther = new Set(others);
    return spans.filter((span) => (counts.get(siblingKey(view, span)) ?? 0) > (isOther.has(span) ? 1 : 0));
  };
  return { left: related(left, right), right: related(right, left) };
}

function merge(a: readonly number[], b: readonly number[]): number[] {
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** Spans of each side that stand in the relation `left op right` to some span of the other side. */
function participants(
  view: TraceView,
  relation: '>' | '>>' | '<' | '<<' | '~',
  left: readonly number[],
  right: readonly number[]
): { left: () => number[]; right: () => number[] } {
  const size = view.spans.length;
  const { parents } = view;
  const childrenWithin = (spans: readonly number[], over: readonly number[]): number[] => {
    const marks = mark(size, over);
    return spans.filter((span) => marks[parents[span] ?? -1] === 1);
  };
  const parentsWithin = (spans: readonly number[], under: readonly number[]): number[] => {
    const marks = new Uint8Array(size);
    for (const span of under) {
      const parent = parents[span] ?? -1;
      if (parent >= 0) {
        marks[parent] = 1;
      }
    }
    return spans.filter((span) => marks[span] === 1);
  };
  const belowWithin = (spans: readonly number[], over: readonly number[]): number[] => {
    const below = belowMarked(view, mark(size, over));
    return spans.filter((span) => below[span] === 1);
  };
  const aboveWithin = (spans: readonly number[], under: readonly number[]): number[] => {
    const above = ancestorsOf(view, under);
    return spans.filter((span) => above[span] === 1);
  };
  switch (relation) {
    case '>':
      return { left: () => parentsWithin(left, right), right: () => childrenWithin(right, left) };
    case '>>':
      return { left: () => aboveWithin(left, right), right: () => belowWithin(right, left) };
    case '<':
      return { left: () => childrenWithin(left, right), right: () => parentsWithin(right, left) };
    case '<<':
      return { left: () => belowWithin(left, right), right: () => aboveWithin(right, left) };
    case '~': {
      const both = siblings(view, left, right);
      return { left: () => both.left, right: () => both.right };
    }
  }
}

/**
 * The spans of `left op right`, ascending by index. `&&` and `||`: the union. A relation gives the right-hand spans that
 * stand in it; negated, those that do not; with `&`, the spans of both sides that take part.
 */
export function combineSpans(
  view: TraceView,
  operator: SpansetOperator,
  left: readonly number[],
  right: readonly number[]
): number[] {
  if (operator === '&&') {
    return left.length === 0 || right.length === 0 ? [] : merge(left, right);
  }
  if (operator === '||') {
    return left.length === 0 ? [...right] : right.length === 0 ? [...left] : merge(left, right);
  }
  const structural: StructuralOperator = operator;
  const negated = structural.startsWith('!');
  const union = structural.startsWith('&');
  const relation = (negated || union ? structural.slice(1) : structural) as '>' | '>>' | '<' | '<<' | '~';
  if (left.length === 0 || right.length === 0) {
    return negated ? [...right] : [];
  }
  const both = participants(view, relation, left, right);
  if (negated) {
    const related = mark(view.spans.length, both.right());
    return right.filter((span) => related[span] === 0);
  }
  return union ? merge(both.left(), both.right()) : gather(mark(view.spans.length, both.right()));
}
