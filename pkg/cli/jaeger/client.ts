/** @file Jaeger's query API: its services, and the traces of one in a time range. */
import { setTimeout as wait } from 'node:timers/promises';
import { GentError, limit } from '../../common';
import { newReadContext, parseTraceJson, groupSpans, type Trace } from '../../trace';

/** Statuses after which the same request may succeed. */
const PASSING = new Set([429, 502, 503, 504]);
const SHOWN_ERROR = 300;
/** Characters of an answer without traces, at most: no trace is told in so few. */
const MOST_OF_NOTHING = 300;

function isEmpty(text: string): boolean {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    return data === null || (Array.isArray(data) && data.length === 0);
  } catch {
    return false;
  }
}

/** A time range, µs since the Unix epoch, both ends included. */
export interface MicroRange {
  readonly start: bigint;
  readonly end: bigint;
}

export interface JaegerClientOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** How often a request is made before it fails; default limit STORE_REQUEST_TRIES. */
  readonly tries?: number;
}

/** The body as text. @returns undefined when it is larger than REMOTE_ANSWER_BYTES */
async function limitedText(response: Response): Promise<string | undefined> {
  const most = limit('REMOTE_ANSWER_BYTES');
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length;
    if (size > most) {
      await reader?.cancel();
      return undefined;
    }
    parts.push(part.value);
  }
  return Buffer.concat(parts).toString('utf8');
}

export class JaegerClient {
  private readonly base: URL;

  /** @throws GentError USAGE when the address is none */
  constructor(
    address: string,
    private readonly options: JaegerClientOptions = {}
  ) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new GentError('USAGE', `--url ${address}: an address such as http://localhost:16686 is expected`);
    }
    this.base = url;
  }

  /** Names of all services. @throws GentError JAEGER_*, CANCELLED */
  async services(): Promise<string[]> {
    const text = await this.get('/api/services', {});
    let data: unknown;
    try {
      data = (JSON.parse(text ?? '') as { data?: unknown }).data;
    } catch (error) {
      throw new GentError('JAEGER_ANSWER', `${this.base.origin}/api/services: the answer is not JSON`, {
        cause: error,
      });
    }
    // Jaeger answers null where it has none.
    if (data !== null && (!Array.isArray(data) || !data.every((name) => typeof name === 'string'))) {
      throw new GentError('JAEGER_ANSWER', `${this.base.origin}/api/services: no list of services`);
    }
    return data ?? [];
  }

  /**
   * Whole traces that the service has a part in.
   * @param most - how many are asked for; as many as that may mean that there are more
   * @returns undefined when the answer is larger than REMOTE_ANSWER_BYTES
   * @throws GentError JAEGER_*, CANCELLED
   */
  async traces(service: string, range: MicroRange, most: number): Promise<Trace[] | undefined> {
    const parameters = { service, start: String(range.start), end: String(range.end), limit: String(most) };
    const text = await this.get('/api/traces', { ...parameters, lookback: 'custom' });
    if (text === undefined) {
      return undefined;
    }
    // Where it finds nothing Jaeger answers null, or an empty list.
    if (text.length < MOST_OF_NOTHING && isEmpty(text)) {
      return [];
    }
    try {
      return groupSpans(parseTraceJson(text, 'jaeger', newReadContext()));
    } catch (error) {
      throw new GentError(
        'JAEGER_ANSWER',
        `${this.base.origin}/api/traces of ${service}: ${(error as Error).message}`,
        {
          cause: error,
        }
      );
    }
  }

  private async get(path: string, parameters: Record<string, string>): Promise<string | undefined> {
    const url = new URL(`${this.base.pathname.replace(/\/$/, '')}${path}`, this.base);
    Object.entries(parameters).forEach(([key, value]) => url.searchParams.set(key, value));
    const { token, signal, tries = limit('STORE_REQUEST_TRIES') } = this.options;
    for (let attempt = 1; ; attempt++) {
      let failure: GentError;
      try {
        const response = await fetch(url, {
          headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
          signal: AbortSignal.any([
            AbortSignal.timeout(limit('STORE_REQUEST_MILLISECONDS')),
            ...(signal === undefined ? [] : [signal]),
          ]),
        });
        const text = await limitedText(response);
        if (response.ok) {
          return text;
        }
        const said = (text ?? '').trim().slice(0, SHOWN_ERROR);
        failure = new GentError('JAEGER_REFUSED', `${url.origin}${url.pathname} answered ${response.status}: ${said}`);
        if (!PASSING.has(response.status)) {
          throw failure;
        }
      } catch (thrown) {
        if (signal?.aborted === true) {
          throw new GentError('CANCELLED', 'the download was cancelled', { cause: thrown });
        }
        if (thrown instanceof GentError) {
          throw thrown;
        }
        const { message, cause } = thrown as Error;
        const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
        failure = new GentError('JAEGER_UNREACHABLE', `${url.origin}: ${why}`, { cause: thrown });
      }
      if (attempt >= tries) {
        throw failure;
      }
      await wait(
        limit('STORE_RETRY_MILLISECONDS') * 2 ** (attempt - 1),
        undefined,
        signal === undefined ? {} : { signal }
      ).catch(() => {
        throw new GentError('CANCELLED', 'the download was cancelled');
      });
    }
  }
}
