/** @file The protobuf wire format, as little of it as ONNX needs: a writer, and a reader that never leaves its bytes. */
import { GentError } from '../common';

const utf8 = new TextEncoder();

/** Builds one message. Fields are written in call order, so equal calls give equal bytes. */
export class MessageWriter {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  private push(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  private key(field: number, wire: number): void {
    this.push(varint((field << 3) | wire));
  }

  /** An int32, int64, bool or enum field; `value` is a safe integer, negatives take ten bytes as the format says. */
  integer(field: number, value: number): this {
    this.key(field, 0);
    this.push(varint(value));
    return this;
  }

  /** A bytes field. */
  bytes(field: number, value: Uint8Array): this {
    this.key(field, 2);
    this.push(varint(value.length));
    this.push(value);
    return this;
  }

  /** A string field. */
  text(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  /** An embedded message. */
  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish());
  }

  /** Packed repeated integers (the dimensions of a tensor). */
  packed(field: number, values: readonly number[]): this {
    const inner = new MessageWriter();
    for (const value of values) {
      inner.push(varint(value));
    }
    return this.bytes(field, inner.finish());
  }

  /** The bytes of the message. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** One field of a message as it lies in the bytes. */
export interface Field {
  readonly number: number;
  /** Wire type: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: number;
  /** Value of a varint. */
  readonly integer: bigint;
  /** Content of the other wire types, a view. */
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/**
 * The fields of a message, one level deep, without recursion: a caller descends only where it expects a message, so
 * the nesting of hostile bytes costs nothing.
 * @throws GentError NN_BAD_NETWORK when a field runs past the end or has a wire type that protobuf does not know
 */
export function* readFields(bytes: Uint8Array, what: string): Generator<Field> {
  let at = 0;
  const fail = (why: string): GentError => new GentError('NN_BAD_NETWORK', `${what}: ${why} at byte ${at}`);
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) {
        throw fail('a number runs past the end');
      }
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return BigInt.asUintN(64, value);
      }
    }
    throw fail('a number of more than ten bytes');
  };
  const take = (count: bigint): Uint8Array => {
    if (count > BigInt(bytes.length - at)) {
      throw fail(`a field of ${count} bytes runs past the end`);
    }
    const view = bytes.subarray(at, at + Number(count));
    at += Number(count);
    return view;
  };
  while (at < bytes.length) {
    const key = readVarint();
    const number = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (wire === 0) {
      yield { number, wire, integer: readVarint(), bytes: EMPTY };
    } else if (wire === 1 || wire === 5) {
      yield { number, wire, integer: 0n, bytes: take(wire === 1 ? 8n : 4n) };
    } else if (wire === 2) {
      yield { number, wire, integer: 0n, bytes: take(readVarint()) };
    } else {
      throw fail(`wire type ${wire}`);
    }
  }
}
