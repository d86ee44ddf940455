/** @file Attribute values as keys and as bytes: every OTLP kind, exactly. */
import { ByteReader, ByteWriter } from '../model';
import { KeyValueList, type AttributeValue, type KeyValue } from '../trace';

enum Tag {
  Null = 0,
  String = 1,
  True = 2,
  False = 3,
  Int = 4,
  BigInt = 5,
  Double = 6,
  Bytes = 7,
  Array = 8,
  List = 9,
}

/** Nested values deeper than this are refused on reading (OTLP's own parsers stop at about 100). */
const MAX_DEPTH = 64;

/** A string that is equal for equal values and different for different ones, types included. */
export function valueKey(value: AttributeValue): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'bigint':
      return `i${value}`;
    case 'number':
      return Object.is(value, -0) ? 'd-0' : `d${value}`;
    case 'boolean':
      return value ? 't' : 'f';
  }
  if (value === null) {
    return 'n';
  }
  if (value instanceof Uint8Array) {
    return `x${Buffer.from(value).toString('hex')}`;
  }
  if (value instanceof KeyValueList) {
    return `m${JSON.stringify(value.entries.map((entry) => [entry.key, valueKey(entry.value)]))}`;
  }
  return `a${JSON.stringify(value.map(valueKey))}`;
}

/** A key for a list of attributes, in order. */
export function attributesKey(attributes: readonly KeyValue[]): string {
  return JSON.stringify(attributes.map((attribute) => [attribute.key, valueKey(attribute.value)]));
}

/** Writes a value. */
export function writeValue(writer: ByteWriter, value: AttributeValue): void {
  switch (typeof value) {
    case 'string':
      writer.byte(Tag.String);
      writer.string(value);
      return;
    case 'bigint':
      if (value > -(2n ** 50n) && value < 2n ** 50n) {
        writer.byte(Tag.Int);
        writer.zigzag(Number(value));
      } else {
        writer.byte(Tag.BigInt);
        writer.int64(value);
      }
      return;
    case 'number':
      writer.byte(Tag.Double);
      writer.float64(value);
      return;
    case 'boolean':
      writer.byte(value ? Tag.True : Tag.False);
      return;
  }
  if (value === null) {
    writer.byte(Tag.Null);
  } else if (value instanceof Uint8Array) {
    writer.byte(Tag.Bytes);
    writer.bytes(value);
  } else if (value instanceof KeyValueList) {
    writer.byte(Tag.List);
    writeAttributes(writer, value.entries);
  } else {
    writer.byte(Tag.Array);
    writer.varint(value.length);
    for (const item of value) {
      writeValue(writer, item);
    }
  }
}

/** Reads a value that {@link writeValue} wrote. */
export function readValue(reader: ByteReader, depth = 0): AttributeValue {
  if (depth > MAX_DEPTH) {
    reader.fail('values are nested too deeply');
  }
  const tag = reader.byte();
  switch (tag) {
    case Tag.Null:
      return null;
    case Tag.String:
      return reader.string();
    case Tag.True:
      return true;
    case Tag.False:
      return false;
    case Tag.Int:
      return BigInt(reader.zigzag());
    case Tag.BigInt:
      return reader.int64();
    case Tag.Double:
      return reader.float64();
    case Tag.Bytes:
      return reader.bytes();
    case Tag.Array: {
      const items: AttributeValue[] = [];
      for (let left = reader.count(); left > 0; left--) {
        items.push(readValue(reader, depth + 1));
      }
      return items;
    }
    case Tag.List:
      return new KeyValueList(readAttributes(reader, depth + 1));
    default:
      return reader.fail(`unknown kind of value ${tag}`);
  }
}

/** Writes attributes in order. */
export function writeAttributes(writer: ByteWriter, attributes: readonly KeyValue[]): void {
  writer.varint(attributes.length);
  for (const attribute of attributes) {
    writer.string(attribute.key);
    writeValue(writer, attribute.value);
  }
}

/** Reads what {@link writeAttributes} wrote. */
export function readAttributes(reader: ByteReader, depth = 0): KeyValue[] {
  const attributes: KeyValue[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    attributes.push({ key: reader.string(), value: readValue(reader, depth) });
  }
  return attributes;
}
