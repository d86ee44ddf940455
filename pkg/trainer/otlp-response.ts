/**
 * @file The bodies of OTLP/HTTP answers. Source: OTLP specification 1.x, "OTLP/HTTP Response": an answer has the content
 * type of its request; failures are a google.rpc.Status.
 */
import { create, toBinary, toJsonString } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { otlpCollector } from '../proto';

/** The two encodings of OTLP/HTTP. */
export type OtlpEncoding = 'protobuf' | 'json';

export const CONTENT_TYPE: Record<OtlpEncoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** google.rpc.Code values that OTLP/HTTP failures map to. */
const RPC_CODE: Record<number, number> = {
  400: 3, // INVALID_ARGUMENT
  404: 5, // NOT_FOUND
  405: 12, // UNIMPLEMENTED
  408: 4, // DEADLINE_EXCEEDED
  413: 3,
  415: 3,
  429: 8, // RESOURCE_EXHAUSTED
  503: 14, // UNAVAILABLE
};
const RPC_INTERNAL = 13;

/** The encoding that a content type names; undefined when OTLP/HTTP knows it not. Parameters are ignored. */
export function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return type === CONTENT_TYPE.protobuf ? 'protobuf' : type === CONTENT_TYPE.json ? 'json' : undefined;
}

/**
 * An ExportTraceServiceResponse.
 * @param rejectedSpans - spans that were not taken; 0 leaves partial_success out, as the specification asks
 * @param message - why, for a person
 */
export function exportResponse(encoding: OtlpEncoding, rejectedSpans: number, message: string): Uint8Array | string {
  const schema = otlpCollector.ExportTraceServiceResponseSchema;
  const response = create(
    schema,
    rejectedSpans > 0 ? { partialSuccess: { rejectedSpans: BigInt(rejectedSpans), errorMessage: message } } : {}
  );
  return encoding === 'protobuf' ? toBinary(schema, response) : toJsonString(schema, response);
}

/** A google.rpc.Status for this HTTP status. */
export function statusResponse(encoding: OtlpEncoding, httpStatus: number, message: string): Uint8Array | string {
  const code = RPC_CODE[httpStatus] ?? RPC_INTERNAL;
  if (encoding === 'json') {
    return JSON.stringify({ code, message });
  }
  // google/rpc/status.proto: int32 code = 1; string message = 2.
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message)
    .finish();
}

/** What a sender is told of spans that were left out. */
export function leftOut(spans: number): string {
  return `${spans} spans have no valid trace id or span id (16 and 8 bytes, not all zero)`;
}
