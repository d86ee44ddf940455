/** @file When models cover the time of a range, and when none does, as a state timeline reads it. */
import type { ModelSummary, TimeRange } from '../../query';
import type { FieldConfig, Frame, FrameMeta } from './frame';

/** What the timeline says where no model is. */
export const NO_MODEL = 'no model';
/** Characters of an id that are shown. */
export const SHORT_ID = 8;

/**
 * Gaps are empty; time with several models is told from time with one. Only mappings of single values: Grafana's server
 * refuses an answer with a regular expression in them.
 */
function coloursOf(segments: readonly Segment[]): FieldConfig {
  const labels = [...new Set(segments.map(({ label }) => label))];
  const colourOf = (label: string) =>
    label === NO_MODEL ? 'transparent' : label.endsWith(' models') ? 'blue' : 'green';
  return {
    color: { mode: 'fixed', fixedColor: 'green' },
    mappings: labels.map((text, index) => ({
      type: 'value',
      options: { [text]: { text, color: colourOf(text), index } },
    })),
  };
}

/** A part of the range in which the same models are. */
interface Segment {
  readonly start: bigint;
  end: bigint;
  readonly label: string;
}

function labelOf(models: readonly ModelSummary[]): string {
  const [first, second] = models;
  if (first === undefined) {
    return NO_MODEL;
  }
  return second === undefined ? first.id.slice(0, SHORT_ID) : `${models.length} models`;
}

/** The range in parts, without holes: each has the models that cover it. */
export function coverage(models: readonly ModelSummary[], range: TimeRange): Segment[] {
  const edges = new Set([range.start, range.end]);
  for (const { window } of models) {
    for (const edge of [window.start, window.end]) {
      if (edge > range.start && edge < range.end) {
        edges.add(edge);
      }
    }
  }
  const sorted = [...edges].sort((a, b) => (a < b ? -1 : 1));
  const segments: Segment[] = [];
  const byStart = [...models].sort((a, b) => (a.window.start < b.window.start ? -1 : 1));
  let next = 0;
  let active: ModelSummary[] = [];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [start, end] = [sorted[i] ?? 0n, sorted[i + 1] ?? 0n];
    for (let model = byStart[next]; model !== undefined && model.window.start <= start; model = byStart[++next]) {
      active.push(model);
    }
    active = active.filter(({ window }) => window.end > start);
    const label = labelOf(active);
    const last = segments[segments.length - 1];
    if (last !== undefined && last.label === label && label === NO_MODEL) {
      last.end = end;
    } else {
      segments.push({ start, end, label });
    }
  }
  return segments;
}

/** One row a part of the range: from, to, and the model, models or gap. */
export function timelineFrame(models: readonly ModelSummary[], range: TimeRange, meta: FrameMeta = {}): Frame {
  const segments = coverage(models, range);
  return {
    name: 'Coverage',
    fields: [
      { name: 'start', type: 'time', values: segments.map((segment) => segment.start) },
      { name: 'end', type: 'time', values: segments.map((segment) => segment.end) },
      { name: 'model', type: 'string', config: coloursOf(segments), values: segments.map((segment) => segment.label) },
    ],
    meta: { preferredVisualisationPluginId: 'state-timeline', ...meta },
  };
}
