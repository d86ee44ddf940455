/** @file What a `gent serve` says that it holds (/api/gent/models) → the description of an engine. */
import type { EngineDescription, ModelSummary, SkippedFile, TimeRange } from '../../query';

type Json = Record<string, unknown>;

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const nanos = (value: unknown): bigint => (/^\d{1,20}$/.test(text(value)) ? BigInt(text(value)) : 0n);

function windowOf(value: unknown): TimeRange {
  const { start, end } = object(value);
  return { start: nanos(start), end: nanos(end) };
}

/** Numbers by name; null where a measure does not apply. */
function measuresOf(value: unknown): Record<string, number | null> {
  const measures = Object.entries(object(value)).filter(([, one]) => typeof one === 'number' || one === null);
  return Object.fromEntries(measures) as Record<string, number | null>;
}

function modelOf(value: Json): ModelSummary {
  return {
    id: text(value.id),
    file: text(value.file),
    window: windowOf(value.window),
    traces: number(value.traces),
    spans: number(value.spans),
    bytes: number(value.bytes),
    services: Array.isArray(value.services) ? value.services.map(text) : [],
    createdUnixMs: number(value.createdUnixMs),
    ...(typeof value.exemplars === 'number' ? { exemplars: value.exemplars } : {}),
    ...(value.fidelity === undefined ? {} : { fidelity: measuresOf(value.fidelity) }),
  };
}

/** @param location - the address that was asked, shown in place of a path on another machine */
export function descriptionOf(answer: Json, location: string): EngineDescription {
  return {
    kind: answer.kind === 'models' ? 'models' : 'traces',
    location,
    ...(answer.window === undefined ? {} : { window: windowOf(answer.window) }),
    models: list(answer.models).map(modelOf),
    skipped: list(answer.skipped).map(({ file, reason }): SkippedFile => ({ file: text(file), reason: text(reason) })),
    traces: number(answer.traces),
    spans: number(answer.spans),
  };
}
