/** @file GET requests to a Tempo-compatible API, with its errors as ours. */
import { GentError } from '../../common';
import { traceHeaders } from '../trace-context';
import type { RemoteAccess } from './access';
import { type RemoteAnswer, Transport } from './transport';

const SHOWN_ERROR = 500;

/** Parameters of a request; undefined ones are left out. */
export type Parameters = Record<string, string | number | undefined>;

/** What went wrong, in Node's words; a host of several addresses fails with one error for each. */
function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error
    ? first.message || ((first as NodeJS.ErrnoException).code ?? first.name)
    : String(first);
}

function errorOf(status: number, where: string, text: string): GentError {
  const what = text.trim().slice(0, SHOWN_ERROR) || `status ${status}`;
  if (status === 401 || status === 403) {
    return new GentError('REMOTE_UNAUTHORIZED', `${where}: ${what}`);
  }
  if (status >= 300 && status < 400) {
    return new GentError(
      'REMOTE_FAILED',
      `${where} redirects elsewhere (status ${status}); redirects are not followed`
    );
  }
  return new GentError(status < 500 ? 'REMOTE_REFUSED' : 'REMOTE_FAILED', `${where}: ${what}`);
}

/** Asks one address. What is secret goes into headers and the handshake, nowhere else. */
export class RemoteClient {
  private readonly base: URL;
  private readonly transport: Transport;

  /**
   * @param address - `http://host:port` or `https://…`, with a path where the API has one
   * @throws GentError PLUGIN_SETTINGS when it is no such address
   */
  constructor(
    readonly address: string,
    private readonly access: RemoteAccess
  ) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new GentError('PLUGIN_SETTINGS', `${address} is not an address such as http://gent:3200`);
    }
    this.base = url;
    this.transport = new Transport(url.protocol === 'https:', access);
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
      const headers = {
        accept: options.accept ?? 'application/json',
        ...traceHeaders(),
        ...this.access.headers,
      };
      answer = await this.transport.get(url, headers, options.signal);
    } catch (error) {
      if (error instanceof GentError) {
        throw error;
      }
      if (options.signal?.aborted) {
        throw new GentError('CANCELLED', `the request to ${where} was cancelled`, { cause: error });
      }
      throw new GentError('REMOTE_UNREACHABLE', `${where}: ${reasonOf(error)}`, { cause: error });
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

  /** Closes the connections that are kept. */
  close(): void {
    this.transport.close();
  }
}
