/**
 * @file Records of the write-ahead log: what was received, and which traces of it are done with. A record is a head of 21
 * bytes (length of the rest u32, first 8 bytes of its SHA-256, kind u8, sequence number u64; little endian) and a payload.
 */
import { createHash } from 'node:crypto';
import type { OtlpEncoding } from './otlp-response';

const HEAD_BYTES = 21;
const HASH_AT = 4;
const KIND_AT = 12;
const NUMBER_AT = 13;
const DONE_BYTES = 24;

/** The body of a request as it was sent. */
export interface ReceivedBody {
  readonly encoding: OtlpEncoding;
  /** Its Content-Encoding; '' for none. */
  readonly coding: string;
  readonly bytes: Uint8Array;
}

/** A trace of a batch that was published or kept, with the number of the last record that had a span of it. */
export interface DoneTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly last: number;
}

export type LogRecord =
  | { readonly kind: 'received'; readonly number: number; readonly body: ReceivedBody }
  | { readonly kind: 'done'; readonly number: number; readonly traces: readonly DoneTrace[] };

const KINDS = { received: 1, done: 2 } as const;

function payloadOf(record: LogRecord): Uint8Array {
  if (record.kind === 'done') {
    const payload = Buffer.alloc(record.traces.length * DONE_BYTES);
    record.traces.forEach(({ traceId, last }, i) => {
      payload.write(traceId, i * DONE_BYTES, 16, 'hex');
      payload.writeBigUInt64LE(BigInt(last), i * DONE_BYTES + 16);
    });
    return payload;
  }
  const { encoding, coding, bytes } = record.body;
  const name = Buffer.from(coding.slice(0, 255), 'latin1');
  return Buffer.concat([Buffer.from([encoding === 'json' ? 1 : 0, name.length]), name, bytes]);
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest().subarray(0, 8);

/** The bytes of a record. */
export function encodeRecord(record: LogRecord): Buffer {
  const payload = payloadOf(record);
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length);
  bytes.writeUInt32LE(HEAD_BYTES - KIND_AT + payload.length, 0);
  bytes.writeUInt8(KINDS[record.kind], KIND_AT);
  bytes.writeBigUInt64LE(BigInt(record.number), NUMBER_AT);
  bytes.set(payload, HEAD_BYTES);
  bytes.set(hashOf(bytes.subarray(KIND_AT)), HASH_AT);
  return bytes;
}

function decodePayload(kind: number, number: number, payload: Buffer): LogRecord | undefined {
  if (kind === KINDS.done) {
    const traces: DoneTrace[] = [];
    for (let at = 0; at + DONE_BYTES <= payload.length; at += DONE_BYTES) {
      const last = Number(payload.readBigUInt64LE(at + 16));
      traces.push({ traceId: payload.toString('hex', at, at + 16), last });
    }
    return { kind: 'done', number, traces };
  }
  if (kind !== KINDS.received || payload.length < 2) {
    return undefined;
  }
  const begin = 2 + (payload[1] as number);
  const coding = payload.toString('latin1', 2, begin);
  return {
    kind: 'received',
    number,
    body: { encoding: payload[0] === 1 ? 'json' : 'protobuf', coding, bytes: payload.subarray(begin) },
  };
}

/**
 * The records of a segment, in order.
 * @returns the number of bytes that hold whole records; what follows them is torn or damaged
 */
export function* decodeRecords(segment: Buffer): Generator<LogRecord, number> {
  let at = 0;
  while (at + HEAD_BYTES <= segment.length) {
    const end = at + KIND_AT + segment.readUInt32LE(at);
    if (end > segment.length || end < at + HEAD_BYTES) {
      break;
    }
    const content = segment.subarray(at + KIND_AT, end);
    if (!hashOf(content).equals(segment.subarray(at + HASH_AT, at + KIND_AT))) {
      break;
    }
    const number = Number(segment.readBigUInt64LE(at + NUMBER_AT));
    const record = decodePayload(content[0] as number, number, segment.subarray(at + HEAD_BYTES, end));
    if (record === undefined) {
      break;
    }
    yield record;
    at = end;
  }
  return at;
}
