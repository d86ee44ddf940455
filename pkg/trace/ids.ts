/** @file Trace and span ids: hex of the right length, from hex or base64. */

const HEX = /^[0-9a-f]*$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const ZEROS = /^0*$/;

/** Hex digits of a trace id. */
export const TRACE_ID_DIGITS = 32;
/** Hex digits of a span id. */
export const SPAN_ID_DIGITS = 16;

/**
 * An id as lower-case hex: from hex of any case, or from base64 (as ProtoJSON and Tempo's JSON write ids) when the text is
 * padded, or no hex and as long as the base64 of an id of `digits` hex digits is without padding.
 * @returns '' for an empty text; undefined when the text is neither
 */
export function readId(text: string, digits: number): string | undefined {
  if (text.length === digits && HEX.test(text)) {
    return text;
  }
  if (text === '') {
    return '';
  }
  if (text.endsWith('=')) {
    return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined;
  }
  const lower = text.toLowerCase();
  if (lower.length % 2 === 0 && HEX.test(lower)) {
    return lower;
  }
  if (text.length === Math.ceil((digits * 2) / 3) && BASE64.test(text)) {
    return Buffer.from(text, 'base64').toString('hex');
  }
  return undefined;
}

/** Whether every digit is zero (or there is none): what OpenTelemetry calls an invalid id. */
export function isZeroId(id: string): boolean {
  // Nearly every id has another digit among the first: no need to look at the rest.
  return (id === '' || id.charCodeAt(0) === 48) && ZEROS.test(id);
}

/** Whether this is a usable trace id: 32 hex digits, not all zeros. */
export function isTraceId(id: string): boolean {
  return id.length === TRACE_ID_DIGITS && HEX.test(id) && !isZeroId(id);
}

/** Whether this is a usable span id: 16 hex digits, not all zeros. */
export function isSpanId(id: string): boolean {
  return id.length === SPAN_ID_DIGITS && HEX.test(id) && !isZeroId(id);
}

/** Left-pads a short hex id (Jaeger and Zipkin leave leading zeros out, and have 64-bit trace ids). */
export function padId(id: string, digits: number): string {
  return id === '' || id.length >= digits ? id : id.padStart(digits, '0');
}
