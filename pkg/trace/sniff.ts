/** @file Tells the form of an input by its first bytes: JSON text, or OTLP protobuf with or without length prefixes. */

/** Protobuf wire type of length-delimited fields. */
const LENGTH_DELIMITED = 2;
const RESOURCE_SPANS_TAG = (1 << 3) | LENGTH_DELIMITED;
/** Fields of ResourceSpans: resource, scope_spans, schema_url. */
const RESOURCE_SPANS_FIELDS = 3;
const PREFIX_BYTES = 4;

/** The form of an input. `protobuf-delimited`: each message after its length in four big-endian bytes, as collectors write. */
export type ByteForm = 'empty' | 'json' | 'protobuf' | 'protobuf-delimited';

/** A protobuf varint up to 2^32 at `at`; undefined when it is none or the bytes end. */
function varint(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) {
      return undefined;
    }
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return { value, next: at + i + 1 };
    }
  }
  return undefined;
}

/** Whether the bytes walk as the beginning of a TracesData: a ResourceSpans whose fields fit into it. */
function beginsTracesData(bytes: Buffer): boolean {
  if (bytes[0] !== RESOURCE_SPANS_TAG) {
    return false;
  }
  const outer = varint(bytes, 1);
  if (outer === undefined) {
    return false;
  }
  const end = outer.next + outer.value;
  let position = outer.next;
  while (position < end && position < bytes.length) {
    const tag = bytes[position] ?? 0;
    const inner = varint(bytes, position + 1);
    const known = (tag & 7) === LENGTH_DELIMITED && tag >> 3 >= 1 && tag >> 3 <= RESOURCE_SPANS_FIELDS;
    if (!known || inner === undefined || inner.next + inner.value > end) {
      return false;
    }
    position = inner.next + inner.value;
  }
  // What follows within sight is the next ResourceSpans.
  return end >= bytes.length || bytes[end] === RESOURCE_SPANS_TAG;
}

/**
 * The form of an input from its first bytes (the more the surer; 64 KiB is plenty).
 * @returns undefined when it is none of the forms
 */
export function sniffBytes(head: Buffer): ByteForm | undefined {
  // A protobuf file begins with a newline's byte, so it is asked first: JSON does not walk as protobuf.
  if (beginsTracesData(head)) {
    return 'protobuf';
  }
  const prefixed = head.length > PREFIX_BYTES ? head.readUInt32BE(0) : 0;
  if (
    prefixed > 0 &&
    prefixed < 0x20000000 &&
    head[0] !== 0x7b &&
    beginsTracesData(head.subarray(PREFIX_BYTES, PREFIX_BYTES + prefixed))
  ) {
    return 'protobuf-delimited';
  }
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text === '') {
    return 'empty';
  }
  return text.startsWith('{') || text.startsWith('[') ? 'json' : undefined;
}
