/** @file What is yet to come of a trace, where its instances are known and some are slower than others. */
import { timesUsual } from './instance-slowness';
import type { ShapeLayout } from './layout';
import { usualNeeds, type TimeNeeds } from './needs';
import type { SpanInstances } from './span-instances';
import type { TimingModel } from './timing';

/** Answers kept: some hundred bytes each. */
const MOST_KEPT = 4096;

/** As {@link TimeNeeds} says it of shapes. */
export type Foresight = Pick<TimeNeeds, 'usual' | 'usualLater'>;

export class InstanceForesight {
  private readonly kept = new Map<string, Foresight>();

  constructor(
    private readonly layouts: readonly ShapeLayout[],
    private readonly sites: readonly Int32Array[],
    private readonly timing: TimingModel,
    private readonly seen: SpanInstances
  ) {}

  /**
   * @param segment - of time, in which the trace begins
   * @param instanceOf - instance of a node among those of its service; −1 = not known
   */
  of(shape: number, segment: number, instanceOf: (node: number) => number): Foresight {
    const layout = this.layouts[shape] as ShapeLayout;
    const steps = Array.from({ length: layout.size }, (_, node) =>
      this.seen.slownessOf(layout, node, segment, instanceOf)
    );
    const key = `${shape} ${steps.join()}`;
    let foresight = this.kept.get(key);
    if (foresight === undefined) {
      if (this.kept.size >= MOST_KEPT) {
        this.kept.clear();
      }
      const times = Float64Array.from(steps, (own) => (own === undefined ? Number.NaN : timesUsual(own)));
      foresight = usualNeeds(layout, this.sites[shape] as Int32Array, this.timing, times);
      this.kept.set(key, foresight);
    }
    return foresight;
  }
}
