/** @file Where each slot of each span of a model has its origin. Found shape by shape, when a shape is first drawn. */
import type { AttributeModel } from './attributes';
import type { Dictionary } from './dictionary';
import type { ShapeLayout } from './layout';
import { sourceNode, type Carriers, type Origin } from './origins';
import type { ServiceResources } from './resources';

/** Sources of the spans of one shape. */
interface ShapeSources {
  /** Where the sources of each node begin; −1 for nodes of operations without origins. */
  readonly offset: Int32Array;
  readonly node: Int32Array;
}

export class OriginIndex {
  /** For each operation, slots with an origin. */
  private readonly slots: ReadonlyArray<readonly number[]>;
  /** For each operation and slot, its place among those with an origin; −1 for the others. */
  private readonly ordinal: readonly Int32Array[];
  private readonly carriers: Carriers;
  private readonly shapes: Array<ShapeSources | undefined>;

  constructor(
    private readonly attributes: AttributeModel,
    private readonly layouts: readonly ShapeLayout[],
    dictionary: Dictionary,
    resources: readonly ServiceResources[]
  ) {
    const bags = attributes.operations.map((operation) => operation.spans);
    this.slots = bags.map((bag) => bag.slots.flatMap((slot, s) => (slot.origin === undefined ? [] : [s])));
    this.ordinal = bags.map((bag, operation) =>
      Int32Array.from(bag.slots, (_, s) => (this.slots[operation] as readonly number[]).indexOf(s))
    );
    this.shapes = layouts.map(() => undefined);
    const keys = bags.map((bag) => new Set(bag.slots.map((slot) => slot.key)));
    const names = attributes.list.keys;
    const resourceKeys = resources.map(
      (service) => new Set(service.instances.flatMap((instance) => instance.attributes.map(({ key }) => key)))
    );
    this.carriers = {
      spanHas: (operation, key) => keys[operation]?.has(key) ?? false,
      resourceHas: (service, key) =>
        names[key]?.role === 'attribute' && (resourceKeys[service]?.has(names[key]?.key ?? '') ?? false),
      serviceOf: (operation) => dictionary.operations[operation]?.service ?? 0,
    };
  }

  /** Whether spans of the operation have a slot with an origin. */
  has(operation: number): boolean {
    return (this.slots[operation] as readonly number[]).length > 0;
  }

  /** The node that the origin of a slot means, see {@link sourceNode}; −1 where the slot has none there. */
  source(shape: number, node: number, slot: number): number {
    const sources = (this.shapes[shape] ??= this.sourcesOf(this.layouts[shape] as ShapeLayout));
    const operation = this.layouts[shape]?.operation[node] as number;
    const ordinal = this.ordinal[operation]?.[slot] ?? -1;
    return ordinal < 0 ? -1 : (sources.node[(sources.offset[node] as number) + ordinal] as number);
  }

  private sourcesOf(layout: ShapeLayout): ShapeSources {
    const offset = new Int32Array(layout.size).fill(-1);
    const found: number[] = [];
    layout.operation.forEach((operation, node) => {
      const slots = this.slots[operation] as readonly number[];
      if (slots.length > 0) {
        offset[node] = found.length;
        const bag = this.attributes.operations[operation]?.spans;
        slots.forEach((s) => found.push(sourceNode(bag?.slots[s]?.origin as Origin, layout, node, this.carriers)));
      }
    });
    return { offset, node: Int32Array.from(found) };
  }
}
