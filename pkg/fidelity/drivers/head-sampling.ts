/** @file Samplers: head sampling 1:N by trace id, and the same with every trace that has an error kept. */
import { StatusCode } from '../../trace';
import { type SpanTable, subset } from '../span-table';
import { NO_SIZES, type SamplingDriver } from './types';

/** Whether a sampler 1:ratio with this seed keeps a trace, by the hash of its id. */
export function keeps(idHash: number, ratio: number, seed: number): boolean {
  let hash = (idHash ^ Math.imul(seed + 1, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < 1 / ratio;
}

function tracesWhere(table: SpanTable, keep: (trace: number) => boolean): number[] {
  return Array.from({ length: table.traces }, (_, trace) => trace).filter(keep);
}

/** The traces that head sampling keeps, each counting for `ratio`. */
export function headSample(table: SpanTable, ratio: number, seed: number): SpanTable {
  return subset(
    table,
    tracesWhere(table, (trace) => keeps(table.idHash[trace] as number, ratio, seed)),
    ratio
  );
}

/** Head sampling 1:ratio. */
export function headSampling(ratio: number): SamplingDriver {
  return {
    name: `1:${ratio}`,
    kind: 'sample',
    keepsTrace: (_, idHash, seed) => keeps(idHash, ratio, seed),
    produce: async ({ table }, seed) => ({ table: headSample(table, ratio, seed), sizes: NO_SIZES }),
  };
}

/** Every trace with an error, and 1:ratio of the others, which count for `ratio` each: they stand that often in the table. */
export function errorsAlways(ratio = 20): SamplingDriver {
  return {
    name: `errors + 1:${ratio}`,
    kind: 'sample',
    keepsTrace: (trace, idHash, seed) =>
      trace.spans.some((span) => span.statusCode === StatusCode.Error) || keeps(idHash, ratio, seed),
    async produce({ table }, seed) {
      const failed = (trace: number): boolean =>
        table.error.subarray(table.offsets[trace], table.offsets[trace + 1]).includes(1);
      const kept = tracesWhere(table, (trace) => failed(trace) || keeps(table.idHash[trace] as number, ratio, seed));
      const repeated = kept.flatMap((trace) => (failed(trace) ? [trace] : new Array<number>(ratio).fill(trace)));
      return { table: subset(table, repeated), sizes: NO_SIZES };
    },
  };
}
