/** @file The bodies of OTLP requests: unzipped within limits, and decoded to spans. */
import { promisify } from 'node:util';
import { gunzip, inflate, type InputType } from 'node:zlib';
import { asGentError, limit } from '../common';
import { newAnomalies, parseOtlpJson, parseOtlpProtobuf, type ReadContext, type Span } from '../trace';
import type { OtlpEncoding } from './otlp-response';

const decoders: Record<string, (body: InputType, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
};

/** A refusal with its HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterSeconds?: number
  ) {
    super(message);
  }
}

export async function decompress(body: Uint8Array, contentEncoding: string | undefined): Promise<Uint8Array> {
  const coding = contentEncoding?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') {
    return body;
  }
  const decoder = decoders[coding];
  if (decoder === undefined) {
    throw new Refusal(415, `content encoding '${coding.slice(0, 40)}' is not known: use gzip, deflate or none`);
  }
  try {
    return await decoder(body, { maxOutputLength: limit('OTLP_INFLATED_BYTES') });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Refusal(413, `the inflated body is larger than OTLP_INFLATED_BYTES (${limit('OTLP_INFLATED_BYTES')})`);
    }
    throw new Refusal(400, `the body is no valid ${coding} data: ${(error as Error).message}`);
  }
}

/** Decodes a request body. @returns the spans with valid ids, and how many had none */
export function decode(
  encoding: OtlpEncoding,
  body: Uint8Array,
  interned: ReadContext
): { spans: Span[]; rejected: number } {
  const context = { intern: interned.intern, anomalies: newAnomalies() };
  try {
    const spans =
      encoding === 'protobuf'
        ? parseOtlpProtobuf(body, context)
        : parseOtlpJson(Buffer.from(body).toString('utf8'), context);
    return { spans, rejected: context.anomalies.invalidIds };
  } catch (thrown) {
    const error = asGentError(thrown);
    throw new Refusal(400, error.message);
  }
}
