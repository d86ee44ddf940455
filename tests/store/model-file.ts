/** @file A real, small model for tests of stores, trained once a process. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Span, Trace } from '../../pkg/trace';
import { newTrainingBatch, trainOnColumns } from '../../pkg/train';

const RESOURCE = {
  attributes: [{ key: 'service.name', value: 'till' }],
  droppedAttributesCount: 0,
  schemaUrl: '',
};
const SCOPE = { name: 'test', version: '1', attributes: [], droppedAttributesCount: 0, schemaUrl: '' };

function span(trace: number, id: number, parent: number, start: bigint, nanos: bigint, name: string): Span {
  const hex = (value: number) => value.toString(16).padStart(16, '0');
  return {
    traceId: hex(trace + 1).padStart(32, '0'),
    spanId: hex(trace * 16 + id),
    parentSpanId: parent === 0 ? '' : hex(trace * 16 + parent),
    traceState: '',
    flags: 0,
    name,
    kind: parent === 0 ? 2 : 3,
    startTimeUnixNano: start,
    endTimeUnixNano: start + nanos,
    attributes: [{ key: 'http.route', value: '/pay' }],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: trace % 9 === 0 ? 2 : 0,
    statusMessage: '',
    resource: RESOURCE,
    scope: SCOPE,
  };
}

/** Traces of two spans, one each 250 ms from `startSeconds` on. */
export function tillTraces(count: number, startSeconds: number): Trace[] {
  return Array.from({ length: count }, (_, i) => {
    const start = BigInt(startSeconds) * 1_000_000_000n + BigInt(i) * 250_000_000n + 1000n;
    const nanos = BigInt(5_000_000 + ((i * 7919) % 1000) * 20_000);
    const spans = [
      span(i, 1, 0, start, nanos, 'pay'),
      span(i, 2, 1, start + 1_000_000n, nanos / 2n, i % 3 === 0 ? 'card' : 'cash'),
    ];
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
}

/** Bytes of a model of such traces. */
export async function tillModel(startSeconds: number, count = 120): Promise<Uint8Array> {
  const batch = newTrainingBatch();
  tillTraces(count, startSeconds).forEach((trace) => batch.add(trace));
  return (await trainOnColumns(batch.finish(), { epochs: 1, seed: 1 })).bytes;
}

/** A directory that nobody else uses. */
export function emptyDirectory(): string {
  return mkdtempSync(path.join(tmpdir(), 'gent-store-'));
}
