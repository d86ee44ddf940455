/** @file Reads an Arrow IPC file back into a frame, as Grafana's host would, for tests. */
import { type Data, tableFromIPC, Type, type Vector } from 'apache-arrow';

export interface DecodedField {
  name: string;
  /** Arrow's type, e.g. `Utf8`, `Float64`, `Timestamp<NANOSECOND>`. */
  arrow: string;
  labels: Record<string, string>;
  config: Record<string, unknown>;
  /** Times as bigint ns, JSON cells parsed. */
  values: unknown[];
}

export interface DecodedFrame {
  name: string;
  refId: string | undefined;
  meta: Record<string, unknown>;
  rows: number;
  fields: DecodedField[];
  /** Values of a column, by name. */
  values(name: string): unknown[];
}

function json(text: string | undefined): Record<string, unknown> {
  return text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** apache-arrow gives ns times in ms, so they are read from the buffer. */
function timeAt(vector: Vector, index: number): bigint | null {
  const data = vector.data[0] as Data;
  return vector.get(index) === null ? null : ((data.values as BigInt64Array)[index] ?? null);
}

/** Decodes one frame of a QueryData answer. Throws when the bytes are not an Arrow file. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  if (Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== 'ARROW1') {
    throw new Error('not an Arrow IPC file');
  }
  const table = tableFromIPC(bytes);
  const fields = table.schema.fields.map((field, column): DecodedField => {
    const vector = table.getChildAt(column) as Vector | null;
    const values = Array.from({ length: table.numRows }, (_, row): unknown => {
      if (vector === null) {
        return null;
      }
      if (field.typeId === Type.Timestamp) {
        return timeAt(vector, row);
      }
      const value: unknown = vector.get(row);
      return field.typeId === Type.Binary && value instanceof Uint8Array
        ? (JSON.parse(Buffer.from(value).toString('utf8')) as unknown)
        : value;
    });
    const { metadata } = field;
    return {
      name: field.name,
      arrow: String(field.type),
      labels: json(metadata.get('labels')) as Record<string, string>,
      config: json(metadata.get('config')),
      values,
    };
  });
  return {
    name: table.schema.metadata.get('name') ?? '',
    refId: table.schema.metadata.get('refId'),
    meta: json(table.schema.metadata.get('meta')),
    rows: table.numRows,
    fields,
    values(name) {
      const found = fields.find((field) => field.name === name);
      if (found === undefined) {
        throw new Error(`no field ${name} in ${fields.map((field) => field.name).join(', ')}`);
      }
      return found.values;
    },
  };
}
