/** @file Strata of the spans of a site within a stretch of time, so that what is drawn from tables by time fills evenly there. */
import type { ModelContent } from '../features';

/** A span among those of its site that begin in the same stretch. */
export interface TimeStratum {
  readonly at: number;
  readonly of: number;
  readonly stretch: number;
}

/** Nodes of shapes that are of one site, and by stretch how many spans come before those of each. */
interface SiteTable {
  readonly before: Float64Array;
  readonly total: Float64Array;
}

/** Models of more nodes × stretches are filled evenly over all of the time instead. */
const MOST_CELLS = 4_000_000;

export class TimeStrata {
  /** Traces of a shape in the segments before each: shapes × (segments + 1). */
  private readonly traces: Float64Array;
  /** For each node of each shape, its place among those of its site. */
  private readonly ordinal: Int32Array[] = [];
  /** Shapes of the nodes of each site. */
  private readonly shapes: number[][] = [];
  private readonly tables = new Map<number, SiteTable>();
  private readonly segments: number;
  private readonly size: number;

  constructor(private readonly content: ModelContent) {
    const { counts, layouts, segments, sites } = content;
    this.segments = segments.count;
    this.size = sites.reduce((sum, ofNode) => sum + ofNode.length, 0);
    this.traces = new Float64Array(layouts.length * (segments.count + 1));
    counts.shape.forEach((shape, row) => {
      const at = shape * (segments.count + 1) + (segments.row[row] as number) + 1;
      this.traces[at] = (this.traces[at] as number) + (counts.count[row] as number);
    });
    layouts.forEach((_, shape) => {
      for (let s = 0; s < segments.count; s++) {
        const at = shape * (segments.count + 1) + s;
        this.traces[at + 1] = (this.traces[at + 1] as number) + (this.traces[at] as number);
      }
    });
    sites.forEach((ofNode, shape) => {
      this.ordinal.push(
        ofNode.map((site) => {
          const known = (this.shapes[site] ??= []);
          return known.push(shape) - 1;
        })
      );
    });
  }

  /** Traces of a shape in the segments before `segment`. */
  private before(shape: number, segment: number): number {
    return this.traces[shape * (this.segments + 1) + Math.min(this.segments, segment)] as number;
  }

  /**
   * Where a span stands.
   * @param ofShape - number of its trace among those of its shape; `width` segments of a stretch
   * @returns undefined where the model is too large for this
   */
  place(shape: number, node: number, ofShape: number, segment: number, width: number): TimeStratum | undefined {
    const stretches = Math.ceil(this.segments / width);
    if (this.size * stretches > MOST_CELLS) {
      return undefined;
    }
    const site = this.content.sites[shape]?.[node] as number;
    const table = this.tableOf(site, width, stretches);
    const stretch = Math.floor(segment / width);
    const entry = this.ordinal[shape]?.[node] as number;
    return {
      at: (table.before[entry * stretches + stretch] as number) + ofShape - this.before(shape, stretch * width),
      of: table.total[stretch] as number,
      stretch,
    };
  }

  private tableOf(site: number, width: number, stretches: number): SiteTable {
    const key = site * (this.segments + 1) + width;
    let table = this.tables.get(key);
    if (table === undefined) {
      const shapes = this.shapes[site] ?? [];
      const before = new Float64Array(shapes.length * stretches);
      const total = new Float64Array(stretches);
      shapes.forEach((shape, entry) => {
        for (let s = 0; s < stretches; s++) {
          before[entry * stretches + s] = total[s] as number;
          total[s] = (total[s] as number) + this.before(shape, (s + 1) * width) - this.before(shape, s * width);
        }
      });
      table = { before, total };
      this.tables.set(key, table);
    }
    return table;
  }
}
