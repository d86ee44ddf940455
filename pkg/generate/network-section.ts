/** @file The section `network`: sizes of the embeddings, then the ONNX bytes; empty where a model has no network. */
import type { EmbeddingSizes } from '../features';
import { ByteReader, ByteWriter } from '../model';

/** What the section holds. */
export interface NetworkSection {
  readonly sizes: EmbeddingSizes;
  readonly onnx: Uint8Array | undefined;
}

export function writeNetworkSection(section: NetworkSection): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(section.sizes.field);
  writer.varint(section.sizes.operation);
  writer.varint(section.sizes.rank);
  writer.bytes(section.onnx ?? new Uint8Array(0));
  return writer.finish();
}

export function readNetworkSection(data: Uint8Array): NetworkSection {
  const reader = new ByteReader(data, 'network');
  const sizes = { field: reader.varint(256), operation: reader.varint(256), rank: reader.varint(256) };
  const onnx = reader.bytes();
  reader.end();
  return { sizes, onnx: onnx.length === 0 ? undefined : onnx };
}
