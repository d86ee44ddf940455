/** @file Requests to a bucket: signed (AWS Signature Version 4), with a time limit each, tried again where that can help. */
import { AwsV4Signer } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GentError, limit, type Logger } from '../../common';
import type { S3Settings } from './options';
import { parseErrorBody } from './xml';

/** One request. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  /** Key of an object; '' for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of the answer at most. */
  readonly mostBytes: number;
}

/** What a bucket answered. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Answers that are results, not failures: the caller looks at the status. */
const EXPECTED = new Set([200, 206, 404, 409, 412, 416, 501]);
const RETRIED_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const RETRIED_CODE = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'Throttling']);
const ERROR_BYTES = 64 * 1024;

const sha256Hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** `key` in an address; every character that has a meaning there is escaped. */
function encodeKey(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    )
    .join('/');
}

async function readBody(response: Response, most: number, where: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Types of the DOM and of Node disagree on whether a stream can be iterated; here it can.
  for await (const part of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > most) {
      throw new GentError('LIMIT_EXCEEDED', `${where}: the answer has more than ${most} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Speaks to one bucket. */
export class S3Requests {
  private region: string;
  private readonly signingKeys = new Map<string, ArrayBuffer>();

  constructor(
    private readonly settings: S3Settings,
    private readonly logger: Logger
  ) {
    this.region = settings.region;
  }

  /**
   * Sends a request until it is answered, at most STORE_REQUEST_TRIES times.
   * @returns an answer with one of the statuses 200, 206, 404 (an object), 409, 412, 416, 501
   * @throws GentError STORE_UNAVAILABLE, STORE_NO_BUCKET, STORE_ACCESS_DENIED, STORE_CLOCK_SKEW, LIMIT_EXCEEDED
   */
  async send(request: S3Request): Promise<S3Answer> {
    const tries = Math.max(1, limit('STORE_REQUEST_TRIES'));
    for (let attempt = 1; ; attempt++) {
      let problem: GentError;
      try {
        const answer = await this.once(request);
        const failed = this.failure(request, answer);
        if (failed === undefined) {
          return answer;
        }
        if (!failed.again) {
          throw failed.error;
        }
        problem = failed.error;
      } catch (thrown) {
        if (thrown instanceof GentError) {
          throw thrown;
        }
        problem = this.unreachable(thrown as Error);
      }
      if (attempt >= tries) {
        throw problem;
      }
      // Full jitter, so that many readers do not come back together.
      const wait = limit('STORE_RETRY_MILLISECONDS') * 2 ** (attempt - 1);
      this.logger.debug('request to the bucket is tried again', { attempt, problem: problem.message });
      await sleep(wait / 2 + (Math.random() * wait) / 2);
    }
  }

  private async once(request: S3Request): Promise<S3Answer> {
    const url = new URL(
      request.key === '' ? `${this.settings.url}/` : `${this.settings.url}/${encodeKey(request.key)}`
    );
    for (const [name, value] of Object.entries(request.query ?? {})) {
      url.searchParams.set(name, value);
    }
    const { method, body } = request;
    let headers = new Headers({ ...request.headers });
    if (this.settings.credentials !== undefined) {
      headers.set('x-amz-content-sha256', sha256Hex(body ?? new Uint8Array()));
      const { accessKey, secretKey, sessionToken } = this.settings.credentials;
      const signer = new AwsV4Signer({
        method,
        url: url.toString(),
        headers,
        accessKeyId: accessKey,
        secretAccessKey: secretKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        service: 's3',
        region: this.region,
        cache: this.signingKeys,
        allHeaders: true,
      });
      headers = (await signer.sign()).headers;
    }
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as RequestInit['body'] }),
      // A signature holds for one address: what a redirect says is read, not followed.
      redirect: 'manual',
      signal: AbortSignal.timeout(limit('STORE_REQUEST_MILLISECONDS')),
    });
    const most = response.ok ? request.mostBytes : ERROR_BYTES;
    return { status: response.status, headers: response.headers, body: await readBody(response, most, url.href) };
  }

  private unreachable(error: Error): GentError {
    const { cause } = error as { cause?: { code?: string; message?: string } };
    const why =
      error.name === 'TimeoutError'
        ? `no answer within ${limit('STORE_REQUEST_MILLISECONDS')} ms`
        : (cause?.code ?? cause?.message ?? error.message);
    return new GentError('STORE_UNAVAILABLE', `the bucket ${this.settings.url} cannot be reached: ${why}`, {
      cause: error,
    });
  }

  /** Why an answer is a failure, and whether asking again can help; undefined when it is none. */
  private failure(request: S3Request, answer: S3Answer): { error: GentError; again: boolean } | undefined {
    const { status, headers, body } = answer;
    const { code, message, region } = parseErrorBody(Buffer.from(body).toString('utf8'));
    if (EXPECTED.has(status) && code !== 'NoSuchBucket' && !(status === 404 && request.key === '')) {
      return undefined;
    }
    const where = `the bucket ${this.settings.url}`;
    const said = `${status}${code === '' ? '' : ` ${code}`}${message === '' ? '' : `: ${message}`}`;
    const fail = (name: ConstructorParameters<typeof GentError>[0], what: string, again = false) => ({
      error: new GentError(name, `${where} ${what}`),
      again,
    });
    const rightRegion = headers.get('x-amz-bucket-region') ?? region;
    if ((status === 301 || status === 307 || status === 400) && rightRegion !== '' && rightRegion !== this.region) {
      // Only the signature changes: an address that names a region is the reader's to correct.
      this.region = rightRegion;
      return fail('STORE_SETTINGS', `is in the region ${rightRegion} (${said})`, status === 400);
    }
    if (code === 'NoSuchBucket' || (status === 404 && request.key === '')) {
      return fail('STORE_NO_BUCKET', `does not exist (${said})`);
    }
    if (code === 'RequestTimeTooSkewed' || code === 'RequestExpired') {
      const theirs = Date.parse(headers.get('date') ?? '');
      const apart = Number.isNaN(theirs) ? '' : `, ${Math.round(Math.abs(Date.now() - theirs) / 1000)} s apart`;
      return fail('STORE_CLOCK_SKEW', `refuses the time of this machine${apart} (${said})`);
    }
    if (status === 401 || status === 403) {
      const signed = this.settings.credentials === undefined ? ', and no credentials were given' : '';
      return fail('STORE_ACCESS_DENIED', `refuses access${signed} (${said})`);
    }
    const again = RETRIED_STATUS.has(status) || RETRIED_CODE.has(code);
    return fail('STORE_UNAVAILABLE', `answers ${request.method} with ${said}`, again);
  }
}
