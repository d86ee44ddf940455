/**
 * @file HTTP/1.1 and gRPC (HTTP/2 without TLS) on one port, as Tempo offers them and Grafana expects them. Every HTTP/2
 * connection begins with the same text (RFC 9113, 3.4), and nothing in HTTP/1.1 begins so.
 */
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { limit } from '../common';

const PREFACE = 'PRI * HTTP/2.0';
/** A connection that has not shown within this time what it speaks is closed. */
const SILENCE_MS = 60_000;

type Accept = (socket: Socket) => void;

/** Tells by the first bytes of a connection who is to have it; they are put back. */
function sortOut(socket: Socket, http1: Accept, http2: Accept): void {
  const done = (accept: Accept) => {
    socket.removeListener('readable', look);
    socket.removeListener('error', end);
    socket.removeListener('end', end);
    socket.setTimeout(0);
    socket.removeListener('timeout', end);
    socket.unshift(held);
    accept(socket);
  };
  const end = () => socket.destroy();
  let held = Buffer.alloc(0);
  const look = () => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) {
      return;
    }
    // Put back only once it is decided: what is put back is readable at once.
    held = Buffer.concat([held, bytes]);
    const begin = held.toString('latin1', 0, PREFACE.length);
    if (begin === PREFACE || !PREFACE.startsWith(begin)) {
      done(begin === PREFACE ? http2 : http1);
    }
  };
  socket.setTimeout(SILENCE_MS);
  socket.on('timeout', end);
  socket.on('error', end);
  socket.on('end', end);
  socket.on('readable', look);
}

/**
 * Lets a gRPC server have the HTTP/2 connections of an HTTP server.
 * @returns ends its connections: calls under way get TEMPO_SHUTDOWN_MILLISECONDS
 */
export function shareConnections(http: HttpServer, grpc: GrpcServer): () => Promise<void> {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const http1 = http.listeners('connection') as Accept[];
  http.removeAllListeners('connection');
  const waiting = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
    sortOut(
      socket,
      (accepted) => {
        waiting.delete(accepted);
        http1.forEach((listener) => listener.call(http, accepted));
      },
      (accepted) => {
        waiting.delete(accepted);
        // HTTP/1.1 keeps the half of a connection that answers; HTTP/2 ends both with one.
        accepted.allowHalfOpen = false;
        injector.injectConnection(accepted);
      }
    );
  });
  return async () => {
    waiting.forEach((socket) => socket.destroy());
    injector.drain(limit('TEMPO_SHUTDOWN_MILLISECONDS'));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => grpc.forceShutdown(), limit('TEMPO_SHUTDOWN_MILLISECONDS'));
      grpc.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    injector.destroy();
  };
}
