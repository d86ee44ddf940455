/** @file The models of a store as a table, newest window first. */
import type { EngineDescription } from '../../query';
import type { Frame, FrameMeta } from './frame';

/** One row a model: its window, what it holds, and what it costs in bytes. */
export function modelsFrame(description: EngineDescription, meta: FrameMeta = {}): Frame {
  const models = [...description.models].sort((a, b) =>
    a.window.start === b.window.start ? 0 : a.window.start < b.window.start ? 1 : -1
  );
  const width = { width: 180 };
  return {
    name: 'Models',
    fields: [
      {
        name: 'from',
        type: 'time',
        config: { displayNameFromDS: 'From', custom: width },
        values: models.map((m) => m.window.start),
      },
      {
        name: 'to',
        type: 'time',
        config: { displayNameFromDS: 'To', custom: width },
        values: models.map((m) => m.window.end),
      },
      {
        name: 'traces',
        type: 'number',
        config: { displayNameFromDS: 'Traces', unit: 'short' },
        values: models.map((m) => m.traces),
      },
      {
        name: 'spans',
        type: 'number',
        config: { displayNameFromDS: 'Spans', unit: 'short' },
        values: models.map((m) => m.spans),
      },
      {
        name: 'bytes',
        type: 'number',
        config: { displayNameFromDS: 'Bytes', unit: 'bytes' },
        values: models.map((m) => m.bytes),
      },
      {
        name: 'bytesPerTrace',
        type: 'number',
        config: { displayNameFromDS: 'Bytes per trace', unit: 'bytes', decimals: 1 },
        values: models.map((m) => (m.traces === 0 ? null : m.bytes / m.traces)),
      },
      {
        name: 'services',
        type: 'string',
        config: { displayNameFromDS: 'Services' },
        values: models.map((m) => m.services.join(', ')),
      },
      {
        name: 'created',
        type: 'time',
        config: { displayNameFromDS: 'Trained', custom: width },
        values: models.map((m) => BigInt(Math.round(m.createdUnixMs)) * 1_000_000n),
      },
      { name: 'model', type: 'string', config: { displayNameFromDS: 'Model' }, values: models.map((m) => m.id) },
      { name: 'file', type: 'string', config: { displayNameFromDS: 'File' }, values: models.map((m) => m.file) },
    ],
    meta: { preferredVisualisationType: 'table', ...meta },
  };
}
