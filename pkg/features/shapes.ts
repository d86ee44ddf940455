/** @file Shapes: the subtree grammar as it is stored, and one shape laid out flat for generation. */
import { limit } from '../common';
import { ByteReader, ByteWriter } from '../model';
import { ORPHAN, ROOT } from './columns';

/** `times` equal siblings in a row. */
export interface Run {
  readonly subtree: number;
  readonly times: number;
}

export interface Subtree {
  readonly node: number;
  readonly children: readonly Run[];
}

/** Every distinct subtree once, children before parents; a shape is a row of tops. */
export interface ShapeGrammar {
  /** Number of nodes in the dictionary. */
  readonly nodes: number;
  readonly subtrees: readonly Subtree[];
  /** Runs of tops: subtree · 2, plus 1 where the span names a parent that is not in the trace. */
  readonly shapes: ReadonlyArray<readonly Run[]>;
}

/** A shape laid out in generation order (preorder). Spans of one wave depend on earlier waves only. */
export interface FlatShape {
  readonly size: number;
  readonly node: Int32Array;
  /** Index of the parent, {@link ROOT} or {@link ORPHAN}. */
  readonly parent: Int32Array;
  /** Index of the sibling before, −1 for the first. */
  readonly previous: Int32Array;
  readonly wave: Int32Array;
  readonly waves: number;
}

/** Writes the grammar; references are distances back, which are small for what is built together. */
export function writeShapes(writer: ByteWriter, grammar: ShapeGrammar): void {
  const { subtrees, shapes } = grammar;
  writer.varint(subtrees.length);
  for (const subtree of subtrees) {
    writer.varint(subtree.node);
    writer.varint(subtree.children.length);
  }
  const runs = (list: readonly Run[], from: (run: Run) => number): void => {
    for (const run of list) {
      writer.varint(from(run));
      writer.varint(run.times);
    }
  };
  subtrees.forEach((subtree, id) => runs(subtree.children, (run) => id - run.subtree));
  writer.varint(shapes.length);
  for (const shape of shapes) {
    writer.varint(shape.length);
    runs(shape, (run) => run.subtree);
  }
}

/** Reads the grammar. References can only point back, so it has no cycles; sizes are bounded by MODEL_TRACE_SPANS. */
export function readShapes(reader: ByteReader, nodes: number): ShapeGrammar {
  const maxSize = limit('MODEL_TRACE_SPANS');
  const heads: Array<{ node: number; runs: number }> = [];
  for (let left = reader.count(2); left > 0; left--) {
    heads.push({ node: reader.varint(nodes - 1), runs: reader.varint(maxSize) });
  }
  const sizes: number[] = [];
  const readRuns = (
    count: number,
    toSubtree: (value: number) => number,
    sizeOf: (subtree: number) => number
  ): { runs: Run[]; size: number } => {
    if (count * 2 > reader.remaining) {
      reader.fail(`${count} runs do not fit`);
    }
    const runs: Run[] = [];
    let size = 0;
    for (let left = count; left > 0; left--) {
      const subtree = toSubtree(reader.varint());
      const times = reader.varint(maxSize);
      size += times * sizeOf(subtree);
      if (times === 0 || size > maxSize) {
        reader.fail(`a shape of more than ${maxSize} spans, or an empty run`);
      }
      runs.push({ subtree, times });
    }
    return { runs, size };
  };
  const subtrees = heads.map((head, id): Subtree => {
    const { runs, size } = readRuns(
      head.runs,
      (back) => (back >= 1 && back <= id ? id - back : reader.fail(`subtree ${id} refers ${back} back`)),
      (subtree) => sizes[subtree] as number
    );
    sizes.push(size + 1);
    return { node: head.node, children: runs };
  });
  const shapes: Run[][] = [];
  for (let left = reader.count(2); left > 0; left--) {
    const { runs, size } = readRuns(
      reader.varint(maxSize),
      (top) => (top < subtrees.length * 2 ? top : reader.fail(`top ${top} of ${subtrees.length} subtrees`)),
      (top) => sizes[top >> 1] as number
    );
    if (size === 0) {
      reader.fail('an empty shape');
    }
    shapes.push(runs);
  }
  return { nodes, subtrees, shapes };
}

/** Spans of each shape. */
export function shapeSizes(grammar: ShapeGrammar): Float64Array {
  const sizes = new Float64Array(grammar.subtrees.length);
  grammar.subtrees.forEach((subtree, id) => {
    sizes[id] = subtree.children.reduce((sum, run) => sum + run.times * (sizes[run.subtree] as number), 1);
  });
  return Float64Array.from(grammar.shapes, (shape) =>
    shape.reduce((sum, run) => sum + run.times * (sizes[run.subtree >> 1] as number), 0)
  );
}

/** Lays out one shape. No recursion: a chain of 10,000 spans is as good as any. */
export function flattenShape(grammar: ShapeGrammar, shape: number, size: number): FlatShape {
  const node = new Int32Array(size);
  const parent = new Int32Array(size);
  const previous = new Int32Array(size).fill(-1);
  const wave = new Int32Array(size);
  let filled = 0;
  let waves = 0;
  // A frame walks the runs of one list of siblings.
  interface Frame {
    runs: readonly Run[];
    run: number;
    time: number;
    parent: number;
    previous: number;
  }
  const stack: Frame[] = [
    { runs: grammar.shapes[shape] as readonly Run[], run: 0, time: 0, parent: ROOT, previous: -1 },
  ];
  for (let frame = stack[stack.length - 1]; frame !== undefined; frame = stack[stack.length - 1]) {
    const run = frame.runs[frame.run];
    if (run === undefined) {
      stack.pop();
      continue;
    }
    if (++frame.time === run.times) {
      frame.run++;
      frame.time = 0;
    }
    const top = stack.length === 1;
    const subtree = grammar.subtrees[top ? run.subtree >> 1 : run.subtree] as Subtree;
    const at = filled++;
    node[at] = subtree.node;
    parent[at] = top && (run.subtree & 1) === 1 ? ORPHAN : frame.parent;
    previous[at] = frame.previous;
    const after = frame.previous >= 0 ? frame.previous : frame.parent;
    wave[at] = after >= 0 ? (wave[after] as number) + 1 : 0;
    waves = Math.max(waves, (wave[at] as number) + 1);
    frame.previous = at;
    if (subtree.children.length > 0) {
      stack.push({ runs: subtree.children, run: 0, time: 0, parent: at, previous: -1 });
    }
  }
  return { size, node, parent, previous, wave, waves };
}
