/** @file A proxy before a server that fails on command: statuses, cut answers, silence. Counts what passes. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** What happens to a request instead of being passed on. */
export type Fault = { readonly status: number; readonly body?: string } | 'cut' | 'silence';

export interface FaultyProxy {
  readonly url: string;
  /** Requests in order: `METHOD path?query`. */
  readonly seen: string[];
  /** Faults of the next requests, in order. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

/** Passes requests to `target` as they are, so that signatures, which hold for the Host header, stay right. */
export async function faultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const seen: string[] = [];
  const faults: Fault[] = [];
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const fault = faults.shift();
    if (typeof fault === 'object') {
      incoming.resume();
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' }).end(fault.body ?? '');
      return;
    }
    if (fault === 'silence') {
      incoming.resume();
      return;
    }
    const { method, url, headers } = incoming;
    const onwards = request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      if (fault === 'cut') {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.once('data', (part: Buffer) =>
          outgoing.write(part.subarray(0, part.length >> 1), () => outgoing.destroy())
        );
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    onwards.on('error', () => outgoing.destroy());
    incoming.pipe(onwards);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    seen,
    faults,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
