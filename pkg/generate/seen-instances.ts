/** @file What the network sees of the instances that the spans of a trace run in: they are drawn before any time. */
import { InstanceForesight, SpanInstances, type ModelContent, type ShapeLayout, type SpanTable } from '../features';
import type { InstanceDrawer } from './instances';
import type { TracePlace } from './trace-index';

/** What the row of the first span of a trace sees of instances. */
export interface SeenOfFirst {
  readonly instance: number;
  readonly usual: number;
  /** Of the other first spans of the trace. */
  readonly usualLater: number;
}

export class SeenInstances {
  /** False where rows see nothing of instances. Format 0 knew nothing of them. */
  readonly matter: boolean;
  /** Whether first spans see something of them, and spans what those below them usually take. */
  readonly differ: boolean;
  private readonly seen: SpanInstances;
  private readonly foresight: InstanceForesight;

  constructor(
    private readonly content: ModelContent,
    private readonly drawer: InstanceDrawer
  ) {
    this.seen = new SpanInstances(content.dictionary, content.resources, content.segments.count);
    this.foresight = new InstanceForesight(content.layouts, content.sites, content.timing, this.seen);
    this.matter = this.seen.matter && content.attributes.format !== 0;
    this.differ = this.matter && this.seen.differ;
  }

  /** Sets what the rows of trace t of the table see. @param nodeOf - the number of a span in its whole shape */
  set(spans: SpanTable, t: number, place: TracePlace, nodeOf: (i: number) => number): void {
    const layout = this.content.layouts[place.shape] as ShapeLayout;
    const { instance } = this.drawer.draw(place.index, place.row, layout);
    const instanceOf = (node: number): number => instance[node] as number;
    const foresight = this.differ ? this.foresight.of(place.shape, this.segmentOf(place), instanceOf) : undefined;
    for (let i = spans.offset[t] as number; i < (spans.offset[t + 1] as number); i++) {
      const node = nodeOf(i);
      spans.instance[i] = this.seen.of(layout, node, instanceOf);
      if (foresight !== undefined) {
        spans.usual[i] = foresight.usual[node] as number;
        spans.usualLater[i] = foresight.usualLater[node] as number;
      }
    }
  }

  private segmentOf({ row }: TracePlace): number {
    return this.content.segments.row[row] as number;
  }

  /** Of the first span of a trace, where instances differ. */
  ofFirst(place: TracePlace): SeenOfFirst {
    const layout = this.content.layouts[place.shape] as ShapeLayout;
    const { instance } = this.drawer.draw(place.index, place.row, layout);
    const instanceOf = (node: number): number => instance[node] as number;
    const { usual, usualLater } = this.foresight.of(place.shape, this.segmentOf(place), instanceOf);
    return {
      instance: this.seen.of(layout, 0, instanceOf),
      usual: usual[0] as number,
      usualLater: usualLater[0] as number,
    };
  }
}
