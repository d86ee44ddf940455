/** @file Parts of shapes: the spans, and of each span the attribute fields, that must be drawn to know a few of them. */
import { WitnessNodes, type ModelContent, type ShapeLayout, type TimeNeeds } from '../features';

/** A part of each shape, indexed by shape; shapes that are not drawn are left out. */
export interface SampledPart {
  /** Layouts of the part; with a span everything its draw depends on must be there. */
  readonly layouts: readonly ShapeLayout[];
  readonly sites: readonly Int32Array[];
  /** See {@link ModelContent.needs}. */
  readonly needs: readonly TimeNeeds[] | undefined;
  /** The number of each span of the part in its whole shape. */
  readonly nodes: readonly Int32Array[];
  /** How many attribute fields of each span are drawn. */
  readonly fields: readonly Int32Array[];
  /** Whether all spans are there, and are settled. */
  readonly whole?: boolean;
}

/** The spans `nodes` (rising) of a shape, laid out as if they were all; parents and siblings before must be among them. */
export function pickNodes(layout: ShapeLayout, nodes: Int32Array): ShapeLayout {
  const at = new Map(Array.from(nodes, (node, i) => [node, i]));
  const pick = (list: Int32Array): Int32Array => nodes.map((node) => list[node] as number);
  const refer = (list: Int32Array): Int32Array =>
    nodes.map((node) => {
      const target = list[node] as number;
      return target < 0 ? target : (at.get(target) as number);
    });
  return {
    size: nodes.length,
    waves: layout.waves,
    rootPlace: layout.rootPlace,
    node: pick(layout.node),
    parent: refer(layout.parent),
    previous: refer(layout.previous),
    wave: pick(layout.wave),
    operation: pick(layout.operation),
    status: Uint8Array.from(nodes, (node) => layout.status[node] as number),
    place: pick(layout.place),
    parentPlace: pick(layout.parentPlace),
    grandPlace: pick(layout.grandPlace),
    previousPlace: pick(layout.previousPlace),
    sibling: pick(layout.sibling),
    siblingsLeft: pick(layout.siblingsLeft),
    leaf: Uint8Array.from(nodes, (node) => layout.leaf[node] as number),
    process: nodes.map((node) => {
      const target = at.get(layout.process[node] as number);
      return target ?? -1;
    }),
  };
}

/** What is to be known of one span: its duration, and its first so many attribute fields. */
export interface NodeWish {
  readonly node: number;
  readonly fields: number;
}

/** The part of one shape. */
export interface ShapePart {
  readonly layout: ShapeLayout;
  readonly sites: Int32Array;
  readonly needs: TimeNeeds | undefined;
  readonly nodes: Int32Array;
  readonly fields: Int32Array;
  /** Where each wish stands in the part. */
  readonly wishes: Int32Array;
}

/**
 * The part of a shape that the wishes need. A span is drawn after the sibling before it or, where it is the first, after
 * its parent: the chain of these up to the first span of the trace is all its draw depends on. Attributes depend, besides,
 * on the first attribute field of each ancestor, and fields on the durations of their witnesses.
 */
export function partOf(content: ModelContent, shape: number, wishes: readonly NodeWish[]): ShapePart {
  const layout = content.layouts[shape] as ShapeLayout;
  const needed = new Map<number, number>();
  const need = (node: number): void => {
    for (let at = node; at >= 0 && !needed.has(at);) {
      needed.set(at, 0);
      const previous = layout.previous[at] as number;
      at = previous >= 0 ? previous : (layout.parent[at] as number);
    }
  };
  for (const { node, fields } of wishes) {
    need(node);
    needed.set(node, Math.max(needed.get(node) ?? 0, fields));
    for (let at = fields > 0 ? (layout.parent[node] as number) : -1; at >= 0; at = layout.parent[at] as number) {
      needed.set(at, Math.max(1, needed.get(at) ?? 0));
    }
  }
  const witnesses = new WitnessNodes(content.layouts);
  for (const [node, fields] of [...needed]) {
    const operation = layout.operation[node] as number;
    const seen = fields === 0 ? [] : content.fields.filter((field) => field.operation === operation).slice(0, fields);
    seen
      .flatMap((field) => field.witnesses)
      .map((place) => witnesses.of(shape, node, place))
      .filter((child) => child >= 0)
      .forEach(need);
  }
  const nodes = Int32Array.from([...needed.keys()].sort((a, b) => a - b));
  const fieldCount = (node: number): number =>
    content.attributes.operations[layout.operation[node] as number]?.spans.groups.length ?? 0;
  const needs = content.needs?.[shape];
  const pick = (list: Float64Array): Float64Array => Float64Array.from(nodes, (node) => list[node] as number);
  return {
    layout: pickNodes(layout, nodes),
    sites: nodes.map((node) => (content.sites[shape] as Int32Array)[node] as number),
    needs: needs && {
      later: pick(needs.later),
      inside: pick(needs.inside),
      usual: Uint8Array.from(nodes, (node) => needs.usual[node] as number),
      usualLater: Uint8Array.from(nodes, (node) => needs.usualLater[node] as number),
    },
    nodes,
    fields: nodes.map((node) => Math.min(needed.get(node) ?? 0, fieldCount(node))),
    wishes: Int32Array.from(wishes, ({ node }) => nodes.indexOf(node)),
  };
}
