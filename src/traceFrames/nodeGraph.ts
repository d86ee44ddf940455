/** @file A trace as a node graph: a node for each span, an edge to each child. */
import {
  createDataFrame,
  type DataFrame,
  DataFrameView,
  FieldColorModeId,
  FieldType,
  NodeGraphDataFrameFieldNames as Names,
} from '@grafana/data';

interface SpanRow {
  spanID: string;
  parentSpanID?: string | null;
  operationName: string;
  serviceName: string;
  /** ms since the epoch. */
  startTime: number;
  /** ms */
  duration: number;
}

/** ms of `span` that no child covers. */
function selfTime(span: SpanRow, children: readonly SpanRow[]): number {
  const end = span.startTime + span.duration;
  const ranges = children
    .map(
      (child) => [Math.max(child.startTime, span.startTime), Math.min(child.startTime + child.duration, end)] as const
    )
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let reached = span.startTime;
  for (const [from, to] of ranges) {
    if (to > reached) {
      covered += to - Math.max(from, reached);
      reached = to;
    }
  }
  return span.duration - covered;
}

const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
const stat = (ms: number, whole: number) => `${+ms.toFixed(2)}ms (${+(share(ms, whole) * 100).toFixed(2)}%)`;

/** The frames of nodes and edges of a trace frame. */
export function nodeGraphFrames(trace: DataFrame): DataFrame[] {
  const view = new DataFrameView<SpanRow>(trace);
  const spans = Array.from({ length: view.length }, (_, i) => ({ ...view.get(i) }));
  const known = new Set(spans.map(({ spanID }) => spanID));
  const children = new Map<string, SpanRow[]>();
  for (const span of spans) {
    if (span.parentSpanID) {
      children.set(span.parentSpanID, [...(children.get(span.parentSpanID) ?? []), span]);
    }
  }
  const start = spans.reduce((least, span) => Math.min(least, span.startTime), Infinity);
  const end = spans.reduce((most, span) => Math.max(most, span.startTime + span.duration), -Infinity);
  const own = spans.map((span) => selfTime(span, children.get(span.spanID) ?? []));
  const edges = spans.filter(({ parentSpanID }) => parentSpanID && known.has(parentSpanID));
  const meta = { preferredVisualisationType: 'nodeGraph' as const };
  const text = (name: string, values: string[], displayName?: string) => ({
    name,
    type: FieldType.string,
    config: displayName === undefined ? {} : { displayName },
    values,
  });
  return [
    createDataFrame({
      name: 'nodes',
      refId: trace.refId,
      meta,
      fields: [
        text(
          Names.id,
          spans.map(({ spanID }) => spanID)
        ),
        text(
          Names.title,
          spans.map(({ serviceName }) => serviceName ?? '')
        ),
        text(
          Names.subTitle,
          spans.map(({ operationName }) => operationName)
        ),
        text(
          Names.mainStat,
          spans.map((span) => stat(span.duration, end - start)),
          'Total time (% of trace)'
        ),
        text(
          Names.secondaryStat,
          spans.map((span, i) => stat(own[i] ?? 0, span.duration)),
          'Self time (% of total)'
        ),
        {
          name: Names.color,
          type: FieldType.number,
          config: { color: { mode: FieldColorModeId.ContinuousGrYlRd }, displayName: 'Self time / Trace duration' },
          values: own.map((time) => share(time, end - start)),
        },
      ],
    }),
    createDataFrame({
      name: 'edges',
      refId: trace.refId,
      meta,
      fields: [
        text(
          Names.id,
          edges.map(({ spanID, parentSpanID }) => `${parentSpanID}--${spanID}`)
        ),
        text(
          Names.source,
          edges.map(({ parentSpanID }) => parentSpanID ?? '')
        ),
        text(
          Names.target,
          edges.map(({ spanID }) => spanID)
        ),
      ],
    }),
  ];
}
