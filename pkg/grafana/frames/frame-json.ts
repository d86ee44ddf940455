/** @file Frames as the JSON that `dataFrameFromJSON` of @grafana/data reads: times in ms. */
import type { Field, Frame, Json } from './frame';
import { toMs } from './values';

const JSON_TYPES: Record<Field['type'], string> = {
  string: 'string',
  number: 'number',
  int32: 'number',
  int64: 'number',
  boolean: 'boolean',
  time: 'time',
  json: 'other',
};

/** A frame as JSON, for cells that hold frames and for Grafana Live. */
export function frameJson({ name, refId, fields, meta }: Frame): Json {
  const cell = (value: Field['values'][number]): Json =>
    typeof value === 'bigint' ? toMs(value) : ((value ?? null) as Json);
  return {
    schema: {
      name,
      refId,
      fields: fields.map((field) => ({
        name: field.name,
        type: JSON_TYPES[field.type],
        labels: field.labels,
        config: field.config as unknown as Json,
      })),
      meta: meta as unknown as Json,
    },
    // A field of int64 holds whole numbers, not times.
    data: {
      values: fields.map((field) =>
        field.values.map((value) => (field.type === 'int64' && typeof value === 'bigint' ? Number(value) : cell(value)))
      ),
    },
  };
}
