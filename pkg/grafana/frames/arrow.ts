/**
 * @file Data frames → Arrow IPC files, the only form that Grafana up to 12.4 reads.
 * The columns are built by hand because apache-arrow's own builders make dictionaries of strings and milliseconds of
 * times, neither of which Grafana accepts. Source: grafana-plugin-sdk-go data/arrow.go (v0.287.0).
 */
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Field as ArrowField,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  TimestampNanosecond,
  Utf8,
} from 'apache-arrow';
import { GentError } from '../../common';
import { type Field, type Frame, frameRows } from './frame';

const encoder = new TextEncoder();

/** Bitmap of the cells that hold a value, least significant bit first. */
function bitmap(length: number, isSet: (index: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 8));
  for (let i = 0; i < length; i++) {
    if (isSet(i)) {
      bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
    }
  }
  return bits;
}

/** Cells as one run of bytes with offsets, the layout of Utf8 and Binary. */
function variableWidth(cells: ReadonlyArray<string | undefined>): { valueOffsets: Int32Array; data: Uint8Array } {
  const valueOffsets = new Int32Array(cells.length + 1);
  const parts: Uint8Array[] = [];
  let size = 0;
  cells.forEach((cell, i) => {
    if (cell !== undefined && cell !== '') {
      const bytes = encoder.encode(cell);
      parts.push(bytes);
      size += bytes.length;
    }
    valueOffsets[i + 1] = size;
  });
  const data = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { valueOffsets, data };
}

function column(field: Field): Data {
  const { values } = field;
  const length = values.length;
  const empty = (i: number) => values[i] === null || values[i] === undefined;
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    nullCount += empty(i) ? 1 : 0;
  }
  const base = { length, nullCount, nullBitmap: nullCount === 0 ? null : bitmap(length, (i) => !empty(i)) };
  switch (field.type) {
    case 'string':
      return makeData({ ...base, type: new Utf8(), ...variableWidth(field.values.map((value) => value ?? undefined)) });
    case 'json': {
      const cells = field.values.map((value) =>
        value === null || value === undefined ? undefined : JSON.stringify(value)
      );
      return makeData({ ...base, type: new Binary(), ...variableWidth(cells) });
    }
    case 'number':
      return makeData({ ...base, type: new Float64(), data: Float64Array.from(field.values, (value) => value ?? 0) });
    case 'int32':
      return makeData({ ...base, type: new Int32(), data: Int32Array.from(field.values, (value) => value ?? 0) });
    case 'int64':
      return makeData({ ...base, type: new Int64(), data: BigInt64Array.from(field.values, (value) => value ?? 0n) });
    case 'time': {
      const data = BigInt64Array.from(field.values, (value) => value ?? 0n);
      return makeData({ ...base, type: new TimestampNanosecond(), data });
    }
    case 'boolean':
      return makeData({ ...base, type: new Bool(), data: bitmap(length, (i) => field.values[i] === true) });
  }
}

function fieldMetadata(field: Field): Map<string, string> {
  const metadata = new Map<string, string>();
  if (field.labels !== undefined) {
    metadata.set('labels', JSON.stringify(field.labels));
  }
  if (field.config !== undefined) {
    metadata.set('config', JSON.stringify(field.config));
  }
  return metadata;
}

/** Names of columns, a repeated one with its number: apache-arrow mixes up columns of one name. */
function uniqueNames(fields: readonly Field[]): string[] {
  const taken = new Set<string>();
  return fields.map(({ name }) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n++) {
      unique = `${name} ${n}`;
    }
    taken.add(unique);
    return unique;
  });
}

/**
 * One frame as the bytes of an Arrow IPC file.
 * @throws GentError INTERNAL when the columns are not of one length
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const rows = frameRows(frame);
  const odd = frame.fields.find((field) => field.values.length !== rows);
  if (odd !== undefined) {
    throw new GentError('INTERNAL', `frame ${frame.name}: ${odd.name} has ${odd.values.length} rows, not ${rows}`);
  }
  const metadata = new Map<string, string>([['name', frame.name]]);
  if (frame.refId !== undefined) {
    metadata.set('refId', frame.refId);
  }
  if (frame.meta !== undefined) {
    metadata.set('meta', JSON.stringify(frame.meta));
  }
  const columns = frame.fields.map(column);
  const names = uniqueNames(frame.fields);
  const fields = frame.fields.map((field, i) => {
    const data = columns[i] as Data;
    // The dataplane contract, by which alerting reads series, demands times that cannot be null.
    const nullable = field.type !== 'time' || data.nullCount > 0;
    return new ArrowField(names[i] ?? field.name, data.type as DataType, nullable, fieldMetadata(field));
  });
  const schema = new Schema(fields, metadata);
  const struct = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children: columns });
  return tableToIPC(new Table(schema, new RecordBatch(schema, struct)), 'file');
}
