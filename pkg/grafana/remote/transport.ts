/** @file One GET over HTTP or HTTPS with connections that are kept, certificates of one's own, and a limit on the answer. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GentError, limit } from '../../common';
import type { RemoteAccess } from './access';

/** Kept open between requests; a gent serve closes idle ones earlier. */
const IDLE_MS = 30_000;
const SOCKETS = 64;

/** The answer to one request. */
export interface RemoteAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

async function readLimited(response: IncomingMessage, url: URL): Promise<Uint8Array> {
  const most = limit('REMOTE_ANSWER_BYTES');
  const zipped = response.headers['content-encoding'] === 'gzip';
  const body: Readable = zipped ? response.pipe(createGunzip()) : response;
  // An answer that is cut ends the pipe without an error of its own.
  response.once('error', (error) => body.destroy(error));
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > most) {
        throw new GentError(
          'LIMIT_EXCEEDED',
          `the answer of ${url.pathname} is larger than REMOTE_ANSWER_BYTES=${most}`
        );
      }
      parts.push(part);
    }
  } finally {
    // Lets go of the connection of an answer that was not read to its end; others stay open.
    response.destroy();
  }
  return Buffer.concat(parts);
}

/** Requests to one server. */
export class Transport {
  private readonly agent: HttpAgent;

  constructor(
    private readonly secure: boolean,
    { tls = {} }: Pick<RemoteAccess, 'tls'>
  ) {
    const kept = { keepAlive: true, timeout: IDLE_MS, maxSockets: SOCKETS };
    this.agent = secure
      ? new HttpsAgent({
          ...kept,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          ...(tls.skipVerify === true ? { rejectUnauthorized: false } : {}),
        })
      : new HttpAgent(kept);
  }

  /**
   * Redirects are answers like others: headers that hold secrets go to the configured address only.
   * @throws what Node says when the server cannot be reached, GentError LIMIT_EXCEEDED
   */
  async get(url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<RemoteAnswer> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = this.secure ? httpsRequest : httpRequest;
      const options = { agent: this.agent, headers: { 'accept-encoding': 'gzip', ...headers } };
      send(url, signal === undefined ? options : { ...options, signal }, resolve)
        .once('error', reject)
        .end();
    });
    return { status: response.statusCode ?? 0, bytes: await readLimited(response, url) };
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.agent.destroy();
  }
}
