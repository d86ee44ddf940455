/** @file Overviews of traces in memory. */
import { buildTree, serviceName, type Trace } from '../../trace';
import type { TimeRange } from '../types';
import { summarise, type Tally, type TreeSummary } from './tally';
import { OperationTable, treeFacts, type TreeFacts } from './tree-facts';

/** Reads trees of traces. */
export class TraceFacts {
  private readonly table = new OperationTable();

  /** Adds the spans of a trace that begin in the range. */
  addSpans(tally: Tally, trace: Trace, range: TimeRange): void {
    const inside = trace.spans.map(
      (span) => span.startTimeUnixNano >= range.start && span.startTimeUnixNano < range.end
    );
    const facts = this.factsOf(trace);
    if (inside.every(Boolean)) {
      tally.add(summarise(this.table, facts), 1);
    } else {
      inside.forEach((isInside, i) => isInside && tally.addSpan(this.table, facts, i, 1));
    }
  }

  summaryOf(trace: Trace): TreeSummary {
    return summarise(this.table, this.factsOf(trace));
  }

  private factsOf(trace: Trace): TreeFacts {
    const { table } = this;
    const operation = Int32Array.from(trace.spans, ({ name, kind, resource }) =>
      table.id({ service: serviceName(resource), name, kind })
    );
    const status = Uint8Array.from(trace.spans, (span) => span.statusCode);
    return treeFacts(table, operation, status, buildTree(trace).parents);
  }
}

/** When a trace begins: the start of its first span, which is the root where it has one. */
export function beginOf(trace: Trace): bigint {
  return trace.spans.find((span) => span.parentSpanId === '')?.startTimeUnixNano ?? earliest(trace);
}

function earliest(trace: Trace): bigint {
  return trace.spans.reduce(
    (first, { startTimeUnixNano }) => (startTimeUnixNano < first ? startTimeUnixNano : first),
    trace.spans[0]?.startTimeUnixNano ?? 0n
  );
}
