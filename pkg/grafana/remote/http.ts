/** @file GET requests to a Tempo-compatible API, with its errors as ours. */
import { GentError, limit } from '../../common';
import { traceHeaders } from '../trace-context';

const SHOWN_ERROR = 500;

/** The answer to one request. */
export interface RemoteAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** Parameters of a request; undefined ones are left out. */
export type Parameters = Record<string, string | number | undefined>;

async function readLimited(response: Response, url: URL): Promise<Uint8Array> {
  const most = limit('REMOTE_ANSWER_BYTES');
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length;
    if (size > most) {
      await reader?.cancel();
      throw new GentError('LIMIT_EXCEEDED', `the answer of ${url.pathname} is larger than REMOTE_ANSWER_BYTES=${most}`);
    }
    parts.push(part.value);
  }
  return Buffer.concat(parts);
}

function errorOf(status: number, where: string, text: string): GentError {
  const what = text.trim().slice(0, SHOWN_ERROR) || `status ${status}`;
  if (status === 401 || status === 403) {
    return new GentError('REMOTE_UNAUTHORIZED', `${where}: ${what}`);
  }
  return new GentError(status < 500 ? 'REMOTE_REFUSED' : 'REMOTE_FAILED', `${where}: ${what}`);
}

/** Asks one address. The token goes into a header and nowhere else. */
export class RemoteClient {
  private readonly base: URL;

  /**
   * @param address - `http://host:port` or `https://…`, with a path where the API has one
   * @throws GentError PLUGIN_SETTINGS when it is no such address
   */
  constructor(
    readonly address: string,
    private readonly token: string | undefined
  ) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new GentError('PLUGIN_SETTINGS', `${address} is not an address such as http://gent:3200`);
    }
    this.base = url;
  }

  /**
   * @param missing - statuses that are an answer, not an error (404 for a trace)
   * @throws GentError REMOTE_*, CANCELLED
   */
  async get(
    path: string,
    parameters: Parameters,
    options: { accept?: string; signal?: AbortSignal; missing?: readonly number[] } = {}
  ): Promise<RemoteAnswer> {
    const url = new URL(`${this.base.pathname.replace(/\/$/, '')}${path}`, this.base);
    for (const [key, value] of Object.entries(parameters)) {
      if (value !== undefined) {
        url.searchParams.set(key, String(value));
      }
    }
    const where = `${this.base.origin}${url.pathname}`;
    let answer: RemoteAnswer;
    try {
      const response = await fetch(url, {
        headers: {
          accept: options.accept ?? 'application/json',
          ...traceHeaders(),
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        },
        redirect: 'error',
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      answer = { status: response.status, bytes: await readLimited(response, url) };
    } catch (error) {
      if (error instanceof GentError) {
        throw error;
      }
      if (options.signal?.aborted) {
        throw new GentError('CANCELLED', `the request to ${where} was cancelled`, { cause: error });
      }
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new GentError('REMOTE_UNREACHABLE', `${where}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause: error,
      });
    }
    if (answer.status !== 200 && !options.missing?.includes(answer.status)) {
      throw errorOf(answer.status, where, Buffer.from(answer.bytes).toString('utf8'));
    }
    return answer;
  }

  /** The same, parsed as a JSON object. */
  json(path: string, parameters: Parameters, signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** @param missing - statuses for which there is no answer: undefined */
  json(
    path: string,
    parameters: Parameters,
    signal: AbortSignal | undefined,
    missing: readonly number[]
  ): Promise<Record<string, unknown> | undefined>;
  async json(
    path: string,
    parameters: Parameters,
    signal?: AbortSignal,
    missing: readonly number[] = []
  ): Promise<Record<string, unknown> | undefined> {
    const { status, bytes } = await this.get(path, parameters, {
      missing,
      ...(signal === undefined ? {} : { signal }),
    });
    if (missing.includes(status)) {
      return undefined;
    }
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch (error) {
      throw new GentError('REMOTE_FAILED', `${this.address}${path} did not answer with JSON`, { cause: error });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new GentError('REMOTE_FAILED', `${this.address}${path} did not answer with a JSON object`);
    }
    return value as Record<string, unknown>;
  }
}
