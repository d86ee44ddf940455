/** @file Recognises a parsed JSON document (OTLP, Tempo, Jaeger, Zipkin) and gives its spans. */
import { GentError } from '../common';
import type { ReadContext } from './context';
import { isJaegerDocument, spansFromJaeger } from './jaeger-read';
import { parseJson, readExactly } from './json-exact';
import type { JsonObject } from './json-values';
import { otlpResourceSpans, spansFromOtlpJson } from './otlp-json-read';
import type { Span } from './types';
import { isZipkinSpan, spansFromZipkin } from './zipkin-read';

/** A form in which traces are read. */
export type TraceFormat = 'otlp' | 'jaeger' | 'zipkin';

/** The formats that can be asked for. */
export const TRACE_FORMATS: readonly TraceFormat[] = ['otlp', 'jaeger', 'zipkin'];

/** Zipkin answers lists of traces, each a list of spans. */
const LIST_DEPTH = 2;

/** The format of one JSON document, by the fields only that format has; undefined when it is none. */
export function sniffDocument(document: unknown, depth = 0): TraceFormat | undefined {
  if (Array.isArray(document)) {
    if (depth >= LIST_DEPTH) {
      return undefined;
    }
    // Empty lists say nothing; the first item with a format decides.
    for (const item of document as unknown[]) {
      const format = sniffDocument(item, depth + 1);
      if (format !== undefined) {
        return format;
      }
    }
    return undefined;
  }
  if (typeof document !== 'object' || document === null) {
    return undefined;
  }
  const object = document as JsonObject;
  if (otlpResourceSpans(object) !== undefined) {
    return 'otlp';
  }
  if (isJaegerDocument(object)) {
    return 'jaeger';
  }
  return isZipkinSpan(object) ? 'zipkin' : undefined;
}

/**
 * The spans of a parsed JSON document.
 * @param format - the format; undefined to recognise it
 * @throws GentError TRACE_FORMAT_UNKNOWN, TRACE_DOCUMENT_INVALID, LIMIT_EXCEEDED
 */
export function spansFromJson(document: unknown, format: TraceFormat | undefined, context: ReadContext): Span[] {
  const known = format ?? sniffDocument(document);
  switch (known) {
    case 'otlp':
      return Array.isArray(document)
        ? (document as unknown[]).flatMap((item) => spansFromOtlpJson(item, context))
        : spansFromOtlpJson(document, context);
    case 'jaeger':
      return spansFromJaeger(document, context);
    case 'zipkin':
      return spansFromZipkin(document, context);
    case undefined:
      throw new GentError('TRACE_FORMAT_UNKNOWN', `this JSON is no trace document (${describe(document)})`);
  }
}

/**
 * The spans of a JSON text in any of the formats, 64-bit integers exact however they are written.
 * @param format - the format; undefined to recognise it
 * @throws GentError TRACE_FORMAT_UNKNOWN, TRACE_DOCUMENT_INVALID, LIMIT_EXCEEDED
 */
export function parseTraceJson(text: string, format: TraceFormat | undefined, context: ReadContext): Span[] {
  return readExactly(text, parseJson(text), context, (document, trial) => spansFromJson(document, format, trial));
}

function describe(document: unknown): string {
  if (Array.isArray(document)) {
    return `an array of ${document.length}`;
  }
  if (typeof document === 'object' && document !== null) {
    return `fields: ${Object.keys(document).slice(0, 5).join(', ') || 'none'}`;
  }
  return typeof document;
}
