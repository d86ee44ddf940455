/**
 * @file Jaeger's query API over a list of traces, as jaeger-query answers it: newest first, `limit` at most, traces of a service
 * whose first span starts within the range, both ends included, `data: null` where there is nothing.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jaegerTrace, serviceName, traceBounds, type Trace } from '../../pkg/trace';

export class JaegerServer {
  private readonly server: Server;
  /** Requests so far, path and parameters. */
  readonly asked: URL[] = [];
  /** Answers in place of the usual ones, one request each, first come first served. */
  readonly instead: Array<{ status: number; body: string }> = [];
  /** The authorization of the last request. */
  authorization: string | undefined;
  url = '';

  constructor(private readonly traces: readonly Trace[]) {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x');
      this.asked.push(url);
      this.authorization = request.headers.authorization;
      const other = this.instead.shift();
      if (other !== undefined) {
        response.writeHead(other.status).end(other.body);
        return;
      }
      const data = this.answer(url);
      response.writeHead(data === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: data ?? null, total: 0, limit: 0, offset: 0, errors: null }));
    });
  }

  private answer({ pathname, searchParams }: URL): unknown[] | null | undefined {
    if (pathname === '/jaeger/api/services') {
      const names = this.traces.flatMap(({ spans }) => spans.map(({ resource }) => serviceName(resource)));
      return [...new Set(['jaeger-all-in-one', ...names])];
    }
    if (pathname !== '/jaeger/api/traces') {
      return undefined;
    }
    const [start, end] = ['start', 'end'].map((name) => BigInt(searchParams.get(name) ?? '0') * 1000n);
    const found = this.traces
      .map((trace) => ({ trace, at: traceBounds(trace).start }))
      .filter(({ trace, at }) => {
        const micros = (at / 1000n) * 1000n;
        const service = searchParams.get('service');
        return (
          micros >= start! && micros <= end! && trace.spans.some(({ resource }) => serviceName(resource) === service)
        );
      })
      .sort((a, b) => Number(b.at - a.at))
      .slice(0, Number(searchParams.get('limit')));
    return found.length === 0 ? null : found.map(({ trace }) => jaegerTrace(trace));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jaeger`;
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
