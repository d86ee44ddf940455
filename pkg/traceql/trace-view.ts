/** @file What queries ask of a whole trace: links between its spans, nested sets, the root, its bounds. Computed when first asked. */
import { rootSpan, serviceName, SpanKind, traceBounds, type Span, type Trace } from '../trace';

/** Numbers of the nested set; a span that no root reaches keeps 0, 0, 0. */
export interface NestedSets {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly parent: Int32Array;
}

export class TraceView {
  private parentsOf: Int32Array | undefined;
  private childrenOf: number[][] | undefined;
  private nested: NestedSets | undefined;
  private bounds: { start: bigint; end: bigint } | undefined;
  private rootOf: Span | undefined | null = null;

  constructor(readonly trace: Trace) {}

  get spans(): readonly Span[] {
    return this.trace.spans;
  }

  /** Index of each span's parent, -1 where it has none or it was not received. */
  get parents(): Int32Array {
    this.parentsOf ??= findParents(this.spans);
    return this.parentsOf;
  }

  /** Indices of each span's children. */
  get children(): number[][] {
    if (this.childrenOf === undefined) {
      const children: number[][] = this.spans.map(() => []);
      this.parents.forEach((parent, i) => children[parent]?.push(i));
      this.childrenOf = children;
    }
    return this.childrenOf;
  }

  /** Children of a span, 0 as long as no root of its part of the trace was received (as its nested set numbers are). */
  childCount(index: number): number {
    return this.nestedSets.left[index] === 0 ? 0 : (this.children[index]?.length ?? 0);
  }

  get nestedSets(): NestedSets {
    this.nested ??= numberNestedSets(this);
    return this.nested;
  }

  /** The root TraceQL means: the last span with an empty parent id. */
  get root(): Span | undefined {
    if (this.rootOf === null) {
      this.rootOf = rootSpan(this.trace);
    }
    return this.rootOf;
  }

  get rootName(): string {
    return this.root?.name ?? '';
  }

  get rootServiceName(): string {
    return this.root === undefined ? '' : serviceName(this.root.resource);
  }

  get startTimeUnixNano(): bigint {
    this.bounds ??= traceBounds(this.trace);
    return this.bounds.start;
  }

  /** Latest end − earliest start, ns; never negative. */
  get durationNanos(): bigint {
    this.bounds ??= traceBounds(this.trace);
    const duration = this.bounds.end - this.bounds.start;
    return duration < 0n ? 0n : duration;
  }
}

function findParents(spans: readonly Span[]): Int32Array {
  const parents = new Int32Array(spans.length).fill(-1);
  const byId = new Map<string, number>();
  let shared: Map<string, number> | undefined;
  spans.forEach((span, i) => {
    if (!byId.has(span.spanId)) {
      byId.set(span.spanId, i);
    } else {
      // Zipkin writes the two sides of a call under one id.
      shared ??= new Map();
      shared.set(span.spanId, i);
    }
  });
  spans.forEach((span, i) => {
    const second = shared?.get(span.spanId);
    const first = byId.get(span.spanId);
    if (second !== undefined && first !== undefined && span.kind === SpanKind.Server) {
      const other = first === i ? second : first;
      if (spans[other]?.kind === SpanKind.Client) {
        parents[i] = other;
        return;
      }
    }
    if (span.parentSpanId === '') {
      return;
    }
    const parent = byId.get(span.parentSpanId);
    const alternative = shared?.get(span.parentSpanId);
    const useSecond = alternative !== undefined && spans[alternative]?.kind === SpanKind.Server;
    const chosen = useSecond ? alternative : parent;
    if (chosen !== undefined && chosen !== i) {
      parents[i] = chosen;
    }
  });
  return parents;
}

function numberNestedSets(view: TraceView): NestedSets {
  const { spans, children, parents } = view;
  const left = new Int32Array(spans.length);
  const right = new Int32Array(spans.length);
  const parent = new Int32Array(spans.length);
  let next = 1;
  spans.forEach((span, root) => {
    if (span.parentSpanId !== '' || (parents[root] ?? -1) >= 0) {
      return;
    }
    parent[root] = -1;
    // An explicit stack: traces can be deep.
    const stack: Array<{ span: number; child: number }> = [{ span: root, child: 0 }];
    left[root] = next++;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = children[top.span]?.[top.child];
      if (child === undefined) {
        right[top.span] = next++;
        stack.pop();
        continue;
      }
      top.child++;
      if (left[child] === 0) {
        left[child] = next++;
        parent[child] = left[top.span] ?? 0;
        stack.push({ span: child, child: 0 });
      }
    }
  });
  return { left, right, parent };
}
