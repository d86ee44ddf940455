/**
 * @file The `.gent` container: magic, version, a table of sections and their bytes. Data only: reading checks every
 * length against what is there and every section against its SHA-256 before anything is inflated or allocated.
 *
 * Layout (integers little-endian):
 *   0   8 bytes  magic "GENT\r\n\x1a\n"
 *   8   u16      format version
 *   10  u16      number of sections
 *   12  table    for each section: u8 name length, name (ASCII), u8 codec, u32 stored length, u32 raw length, 32 bytes SHA-256 of the stored bytes
 *       32 bytes SHA-256 of everything before
 *       sections, back to back, in the order of the table; the file ends with the last one
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { gzip } from 'pako';
import { GentError, limit } from '../common';
import { mix, unmix } from './mixing';

const MAGIC = Uint8Array.of(0x47, 0x45, 0x4e, 0x54, 0x0d, 0x0a, 0x1a, 0x0a);
/** The version that this build writes; it reads every version up to it. */
export const FORMAT_VERSION = 2;
const HASH_BYTES = 32;
/** DEFLATE cannot expand more than this (zlib's technical notes), so a larger claim is a lie. */
const MAX_EXPANSION = 1040;

/** How the bytes of a section are stored. */
export enum Codec {
  Stored = 0,
  Gzip = 1,
  /** Context mixing, see mixing.ts: since version 2. */
  Mixed = 2,
}

/** One section to write. */
export interface SectionInput {
  readonly name: string;
  readonly data: Uint8Array;
}

/** One section of a file that was read. */
export interface Section {
  readonly name: string;
  readonly codec: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** Lower-case hex SHA-256 of the stored bytes. */
  readonly sha256: string;
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Mixing takes a hundred times as long to read as gzip: it must save this share of its bytes. */
const MIXING_SAVES = 0.1;

/** A section as it will be stored: gzip where that is smaller, mixed where that is much smaller. */
function pack(name: string, data: Uint8Array): { codec: Codec; stored: Uint8Array } {
  // pako writes no time stamp, so the same data gives the same bytes
  const packed = gzip(data, { level: 9, memLevel: 9 });
  // catalogues read many manifests
  if (name !== 'manifest' && data.length <= limit('MODEL_MIXED_BYTES')) {
    const mixed = mix(data);
    if (mixed.length <= (1 - MIXING_SAVES) * Math.min(packed.length, data.length)) {
      return { codec: Codec.Mixed, stored: mixed };
    }
  }
  return packed.length < data.length ? { codec: Codec.Gzip, stored: packed } : { codec: Codec.Stored, stored: data };
}

/** A section packed once, so that its size and hash can be known before the file is written. */
export interface PackedSection extends Section {
  readonly stored: Uint8Array;
}

/** Compresses a section. */
export function packSection(section: SectionInput): PackedSection {
  const { codec, stored } = pack(section.name, section.data);
  return {
    name: section.name,
    codec,
    stored,
    storedBytes: stored.length,
    rawBytes: section.data.length,
    sha256: sha256(stored).toString('hex'),
  };
}

/** Writes the file. The same sections give the same bytes. */
export function writeContainer(sections: readonly PackedSection[]): Uint8Array {
  const parts: Buffer[] = [];
  const head = Buffer.alloc(12);
  head.set(MAGIC);
  head.writeUInt16LE(FORMAT_VERSION, 8);
  head.writeUInt16LE(sections.length, 10);
  parts.push(head);
  for (const section of sections) {
    const name = Buffer.from(section.name, 'ascii');
    const lengths = Buffer.alloc(9);
    lengths.writeUInt8(section.codec, 0);
    lengths.writeUInt32LE(section.storedBytes, 1);
    lengths.writeUInt32LE(section.rawBytes, 5);
    parts.push(Buffer.from([name.length]), name, lengths, Buffer.from(section.sha256, 'hex'));
  }
  parts.push(sha256(Buffer.concat(parts)));
  for (const section of sections) {
    parts.push(Buffer.from(section.stored.buffer, section.stored.byteOffset, section.stored.length));
  }
  return Buffer.concat(parts);
}

function refuse(section: string, problem: string): never {
  throw new GentError('MODEL_CORRUPT', `section ${section}: ${problem}`);
}

/** A file whose table and section hashes were checked. */
export class Container {
  private constructor(
    readonly version: number,
    readonly sections: readonly Section[],
    private readonly stored: ReadonlyMap<string, Uint8Array>,
    readonly bytes: number
  ) {}

  /**
   * Reads and verifies a file.
   * @throws GentError MODEL_NOT_GENT, MODEL_VERSION, MODEL_TOO_LARGE, or MODEL_CORRUPT naming the section
   */
  static read(file: Uint8Array): Container {
    const maximum = limit('MODEL_FILE_BYTES');
    if (file.length > maximum) {
      throw new GentError(
        'MODEL_TOO_LARGE',
        `section table: the file has ${file.length} bytes, the limit is ${maximum}`
      );
    }
    const buffer = Buffer.from(file.buffer, file.byteOffset, file.length);
    const { version, sections, end } = Container.readHead(buffer);
    const stored = new Map<string, Uint8Array>();
    let position = end;
    for (const section of sections) {
      const bytes = buffer.subarray(position, position + section.storedBytes);
      position += section.storedBytes;
      if (bytes.length < section.storedBytes) {
        refuse(section.name, `the file ends ${section.storedBytes - bytes.length} bytes early`);
      }
      if (sha256(bytes).toString('hex') !== section.sha256) {
        refuse(section.name, 'its bytes do not match their SHA-256');
      }
      stored.set(section.name, bytes);
    }
    if (position !== buffer.length) {
      refuse('table', `${buffer.length - position} bytes follow the last section`);
    }
    return new Container(version, sections, stored, buffer.length);
  }

  /** Checks magic, version and table, which stand at the beginning of a file. */
  static readHead(buffer: Buffer): { version: number; sections: Section[]; end: number } {
    if (buffer.length < 12 || !MAGIC.every((byte, i) => buffer[i] === byte)) {
      throw new GentError('MODEL_NOT_GENT', 'section table: the file does not begin as a .gent file does');
    }
    const version = buffer.readUInt16LE(8);
    if (version < 1 || version > FORMAT_VERSION) {
      throw new GentError(
        'MODEL_VERSION',
        `section table: format version ${version}, this build reads 1 to ${FORMAT_VERSION}`
      );
    }
    return { version, ...Container.readTable(buffer) };
  }

  private static readTable(buffer: Buffer): { sections: Section[]; end: number } {
    const count = buffer.readUInt16LE(10);
    if (count > limit('MODEL_SECTIONS')) {
      refuse('table', `${count} sections, the limit is ${limit('MODEL_SECTIONS')}`);
    }
    const sections: Section[] = [];
    const names = new Set<string>();
    let position = 12;
    const need = (bytes: number): number => {
      if (position + bytes > buffer.length) {
        refuse('table', 'the file ends inside the table');
      }
      position += bytes;
      return position - bytes;
    };
    for (let i = 0; i < count; i++) {
      const length = buffer.readUInt8(need(1));
      const name = buffer.toString('latin1', need(length), position);
      const codec = buffer.readUInt8(need(1));
      const storedBytes = buffer.readUInt32LE(need(4));
      const rawBytes = buffer.readUInt32LE(need(4));
      const hash = buffer.toString('hex', need(HASH_BYTES), position);
      sections.push({ name, codec, storedBytes, rawBytes, sha256: hash });
    }
    const end = position;
    const stated = buffer.subarray(need(HASH_BYTES), position);
    if (!sha256(buffer.subarray(0, end)).equals(stated)) {
      refuse('table', 'its bytes do not match their SHA-256');
    }
    for (const section of sections) {
      if (!/^[a-z][a-z0-9-]*$/.test(section.name) || names.has(section.name)) {
        refuse('table', `bad or repeated section name ${JSON.stringify(section.name)}`);
      }
      names.add(section.name);
      if (section.rawBytes > limit('MODEL_SECTION_BYTES')) {
        throw new GentError(
          'MODEL_TOO_LARGE',
          `section ${section.name}: ${section.rawBytes} bytes, the limit is ${limit('MODEL_SECTION_BYTES')}`
        );
      }
      if (section.codec === Codec.Mixed && section.rawBytes > limit('MODEL_MIXED_BYTES')) {
        throw new GentError(
          'MODEL_TOO_LARGE',
          `section ${section.name}: ${section.rawBytes} bytes, MODEL_MIXED_BYTES is ${limit('MODEL_MIXED_BYTES')}`
        );
      }
      if (section.codec === Codec.Gzip && section.rawBytes > section.storedBytes * MAX_EXPANSION) {
        refuse(section.name, `${section.storedBytes} bytes cannot hold ${section.rawBytes}`);
      }
    }
    return { sections, end: position };
  }

  has(name: string): boolean {
    return this.stored.has(name);
  }

  /**
   * The raw bytes of a section.
   * @throws GentError MODEL_CORRUPT when it is missing, has an unknown codec or does not inflate to the stated length
   */
  section(name: string): Uint8Array {
    const stored = this.stored.get(name);
    const entry = this.sections.find((section) => section.name === name);
    if (stored === undefined || entry === undefined) {
      refuse(name, 'it is missing');
    }
    return inflateSection(entry, stored);
  }
}

/** The raw bytes of a section from its stored bytes, whose hash must have been checked. */
function inflateSection(entry: Section, stored: Uint8Array): Uint8Array {
  const { name } = entry;
  let raw: Uint8Array;
  switch (entry.codec) {
    case Codec.Stored:
      raw = stored;
      break;
    case Codec.Gzip:
      try {
        raw = gunzipSync(stored, { maxOutputLength: Math.max(1, entry.rawBytes) });
      } catch (error) {
        refuse(name, `it does not inflate (${error instanceof Error ? error.message : String(error)})`);
      }
      break;
    case Codec.Mixed:
      raw = unmix(stored, entry.rawBytes);
      break;
    default:
      refuse(name, `unknown codec ${entry.codec}`);
  }
  if (raw.length !== entry.rawBytes) {
    refuse(name, `${raw.length} bytes, ${entry.rawBytes} were stated`);
  }
  return raw;
}

/**
 * Reads one section from the beginning of a file, without the rest of it: checks the table, that the file is as long
 * as the table says, and the section's hash.
 * @param head - the first bytes of the file
 * @param fileBytes - size of the whole file
 * @param read - reads more of the file where the section lies beyond `head`
 * @throws GentError as {@link Container.read} and {@link Container.section}
 */
export async function readOneSection(
  name: string,
  head: Uint8Array,
  fileBytes: number,
  read: (offset: number, length: number) => Promise<Uint8Array>
): Promise<{ sections: readonly Section[]; data: Uint8Array }> {
  const { sections, end } = Container.readHead(Buffer.from(head.buffer, head.byteOffset, head.length));
  let position = end;
  let found: { entry: Section; offset: number } | undefined;
  for (const entry of sections) {
    if (entry.name === name) {
      found = { entry, offset: position };
    }
    position += entry.storedBytes;
    if (position > fileBytes) {
      refuse(entry.name, `the file ends ${position - fileBytes} bytes early`);
    }
  }
  if (position !== fileBytes) {
    refuse('table', `${fileBytes - position} bytes follow the last section`);
  }
  if (found === undefined) {
    refuse(name, 'it is missing');
  }
  const { entry, offset } = found;
  const last = offset + entry.storedBytes;
  const stored = last <= head.length ? head.subarray(offset, last) : await read(offset, entry.storedBytes);
  if (sha256(stored).toString('hex') !== entry.sha256) {
    refuse(name, 'its bytes do not match their SHA-256');
  }
  return { sections, data: inflateSection(entry, stored) };
}
