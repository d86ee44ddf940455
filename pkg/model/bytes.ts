/** @file Bounds-checked writing and reading of the numbers and strings that sections are made of. */
import { GentError } from '../common';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Appends numbers and strings to a growing buffer. Integers are LEB128 varints up to 2^53 − 1. */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  private length = 0;

  private reserve(extra: number): void {
    if (this.length + extra > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + extra));
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** An integer 0 … 2^53 − 1. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`not a varint: ${value}`);
    }
    this.reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.buffer[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  /** A signed integer, |value| < 2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** A signed 64-bit integer. */
  int64(value: bigint): void {
    this.reserve(8);
    new DataView(this.buffer.buffer).setBigInt64(this.length, BigInt.asIntN(64, value), true);
    this.length += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    new DataView(this.buffer.buffer).setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  string(value: string): void {
    this.bytes(encoder.encode(value));
  }

  /** Length, then each value as a varint. */
  varints(values: ArrayLike<number>): void {
    this.varint(values.length);
    for (let i = 0; i < values.length; i++) {
      this.varint(values[i] as number);
    }
  }

  /** Length, then zigzag differences between neighbours. */
  deltas(values: ArrayLike<number>): void {
    this.varint(values.length);
    let last = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      this.zigzag(value - last);
      last = value;
    }
  }

  strings(values: readonly string[]): void {
    this.varint(values.length);
    for (const value of values) {
      this.string(value);
    }
  }

  /** What was written so far (a copy). */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** Reads what {@link ByteWriter} wrote. Every read is checked; errors carry the section's name. */
export class ByteReader {
  private position = 0;
  private readonly view: DataView;

  /**
   * @param data - raw bytes of a section
   * @param section - its name, for error messages
   */
  constructor(
    private readonly data: Uint8Array,
    readonly section: string
  ) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** @throws GentError MODEL_CORRUPT that names the section and the byte */
  fail(problem: string): never {
    throw new GentError('MODEL_CORRUPT', `section ${this.section}: ${problem} at byte ${this.position}`);
  }

  get remaining(): number {
    return this.data.length - this.position;
  }

  byte(): number {
    const value = this.data[this.position];
    if (value === undefined) {
      this.fail('unexpected end');
    }
    this.position++;
    return value;
  }

  /** @param max - largest value that makes sense here */
  varint(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        break;
      }
      scale *= 128;
      if (scale > 2 ** 49) {
        this.fail('a number is too long');
      }
    }
    if (value > max) {
      this.fail(`${value} is larger than ${max}`);
    }
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  int64(): bigint {
    if (this.remaining < 8) {
      this.fail('unexpected end');
    }
    const value = this.view.getBigInt64(this.position, true);
    this.position += 8;
    return value;
  }

  float64(): number {
    if (this.remaining < 8) {
      this.fail('unexpected end');
    }
    const value = this.view.getFloat64(this.position, true);
    this.position += 8;
    return value;
  }

  /** A number of elements that follow, each of at least `bytesEach` bytes: refused when they cannot be there. */
  count(bytesEach = 1): number {
    const count = this.varint();
    if (count * bytesEach > this.remaining) {
      this.fail(`${count} elements do not fit in ${this.remaining} bytes`);
    }
    return count;
  }

  bytes(): Uint8Array {
    const length = this.count();
    // a plain array and a copy, whatever the section lies in
    const value = new Uint8Array(this.data.subarray(this.position, this.position + length));
    this.position += length;
    return value;
  }

  string(): string {
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch {
      return this.fail('a string is not UTF-8');
    }
  }

  varints(max = Number.MAX_SAFE_INTEGER): Float64Array {
    const values = new Float64Array(this.count());
    for (let i = 0; i < values.length; i++) {
      values[i] = this.varint(max);
    }
    return values;
  }

  deltas(): Float64Array {
    const values = new Float64Array(this.count());
    let last = 0;
    for (let i = 0; i < values.length; i++) {
      last += this.zigzag();
      values[i] = last;
    }
    return values;
  }

  strings(): string[] {
    const values: string[] = [];
    for (let left = this.count(); left > 0; left--) {
      values.push(this.string());
    }
    return values;
  }

  /** Checks that nothing is left over. */
  end(): void {
    if (this.remaining !== 0) {
      this.fail(`${this.remaining} bytes too many`);
    }
  }
}
