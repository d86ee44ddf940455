/** @file Which tuples of a group of attributes a span may have: those that were seen where it stands. */
import {
  causesOf,
  contextOfSpan,
  structureOf,
  tableRow,
  type Group,
  type ModelContent,
  type OriginIndex,
  type ShapeLayout,
  type TupleTable,
} from '../features';

export class TupleMasks {
  /** For each operation and group, its slots with an origin. */
  private readonly dependent: ReadonlyArray<ReadonlyArray<readonly number[]>>;

  /** Causes of failures of each shape, once it was asked for. */
  private readonly causes: Array<Int32Array | undefined> = [];

  constructor(
    private readonly content: ModelContent,
    private readonly origins: OriginIndex
  ) {
    this.dependent = content.attributes.operations.map(({ spans }) =>
      spans.groups.map((group) => group.slots.filter((slot) => spans.slots[slot]?.origin !== undefined))
    );
  }

  private rowOf({ structure, segments }: TupleTable, shape: number, node: number, segment: number): number {
    const layout = this.content.layouts[shape] as ShapeLayout;
    const causes = (this.causes[shape] ??= causesOf(layout));
    const site = this.content.sites[shape]?.[node] as number;
    return tableRow(structureOf(structure, causes[node] as number, site, shape), Math.floor(segment / segments));
  }

  /**
   * Takes the weight from tuples never seen with the status of the span, or where its origins are. What a table
   * tells gets its weights from there.
   * @param node - of the span in its shape; `segment` the time segment of its trace
   */
  apply(
    weights: Float64Array,
    operation: number,
    group: number,
    status: number,
    shape: number,
    node: number,
    segment: number
  ): void {
    const { contexts, mass, tables } = this.content.attributes.operations[operation]?.spans.groups[group] as Group;
    const dependent = this.dependent[operation]?.[group] ?? [];
    const available = dependent.length > 0 && dependent.every((slot) => this.origins.source(shape, node, slot) >= 0);
    const context = contextOfSpan(status, available);
    const table = tables.find((one) => one.context === context);
    const seenThen = table?.masses.get(this.rowOf(table, shape, node, segment));
    if (seenThen !== undefined) {
      weights.fill(0, 0, mass.length);
      seenThen.forEach(([tuple, count]) => (weights[tuple] = count));
      return;
    }
    const bit = 1 << context;
    let left = 0;
    contexts.forEach((seen, tuple) => {
      if ((seen & bit) === 0) {
        weights[tuple] = 0;
      }
      left += weights[tuple] as number;
    });
    if (left === 0 && this.content.attributes.format > 0) {
      // the network ruled out all that may be: what was seen most there
      contexts.forEach((seen, tuple) => (weights[tuple] = (seen & bit) === 0 ? 0 : (mass[tuple] as number)));
    }
  }
}
