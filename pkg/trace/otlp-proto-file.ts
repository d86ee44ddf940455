/** @file Reads a file of OTLP protobuf: one TracesData, or many after length prefixes, as the collector's file exporter writes. */
import { addAnomalies, newAnomalies } from './anomalies';
import { GentError } from '../common';
import type { ReadContext } from './context';
import { parseOtlpProtobuf } from './otlp-proto-read';
import type { Span } from './types';

const PREFIX_BYTES = 4;

/**
 * The spans of each message in the bytes of a file.
 * @param delimited - each message stands after its length in four big-endian bytes
 * @throws GentError TRACE_DOCUMENT_INVALID naming the byte, after the messages before it
 */
export function* spansFromProtobufFile(bytes: Buffer, delimited: boolean, context: ReadContext): Generator<Span[]> {
  let at = 0;
  while (at < bytes.length) {
    let end = bytes.length;
    if (delimited) {
      const begin = at + PREFIX_BYTES;
      end = begin <= bytes.length ? begin + bytes.readUInt32BE(at) : Infinity;
      if (end > bytes.length) {
        throw new GentError('TRACE_DOCUMENT_INVALID', `the message at byte ${at} is cut short`);
      }
      at = begin;
    }
    const trial = { intern: context.intern, anomalies: newAnomalies() };
    const spans = parseOtlpProtobuf(bytes.subarray(at, end), trial);
    addAnomalies(context.anomalies, trial.anomalies);
    yield spans;
    at = end;
  }
}
