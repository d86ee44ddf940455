/** @file OTLP values and times as Grafana shows them. */
import { type AttributeValue, type KeyValue, KeyValueList } from '../../trace';
import type { Json } from './frame';

/** Nested values as plain JSON; integers beyond 2^53 become strings, so that no digit is lost in a browser. */
function toJson(value: AttributeValue): Json {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : String(value);
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString('base64');
  }
  if (value instanceof KeyValueList) {
    return Object.fromEntries(value.entries.map((entry) => [entry.key, toJson(entry.value)]));
  }
  return Array.isArray(value) ? value.map(toJson) : (value as string | boolean | null);
}

/** An attribute's value as one cell: scalars as they are, arrays and maps as JSON text, as the trace view wants it. */
export function cellValue(value: AttributeValue): string | number | boolean | null {
  const json = toJson(value);
  return typeof json === 'object' && json !== null ? JSON.stringify(json) : json;
}

/** An attribute's value as text. */
export function textValue(value: AttributeValue): string {
  const cell = cellValue(value);
  return cell === null ? 'nil' : String(cell);
}

/** Attributes as the trace view takes them. */
export function tagsOf(attributes: readonly KeyValue[]): Json {
  return attributes.map(({ key, value }) => ({ key, value: cellValue(value) }));
}

/** ns since the epoch (or a duration in ns) as fractional ms. */
export function toMs(nanos: bigint): number {
  return Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6;
}
