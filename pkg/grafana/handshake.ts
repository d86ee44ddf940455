/**
 * @file The go-plugin handshake: is a host there, which protocol, where to listen, and the line that says so.
 * Source: hashicorp/go-plugin server.go and docs/internals.md (v1.7.0), core protocol 1, application protocol 2.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GentError } from '../common';

const CORE_PROTOCOL = 1;
const APP_PROTOCOL = 2;
const COOKIE = { key: 'grafana_plugin_type', value: 'datasource' };
/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the ending zero included. */
const LONGEST_SOCKET_PATH = 103;

/** Where the plugin listens. */
export interface ListenAddress {
  readonly network: 'unix' | 'tcp';
  /** As grpc-js binds it: `unix:/path` or `127.0.0.1:0`. */
  readonly bind: string;
  /** Removes what was made for it. */
  dispose(): void;
}

/**
 * Checks that a host that speaks our protocol started this process.
 * @throws GentError PLUGIN_HANDSHAKE
 */
export function checkHost(env: NodeJS.ProcessEnv): void {
  if (env[COOKIE.key] !== COOKIE.value) {
    throw new GentError('PLUGIN_HANDSHAKE', `not started by Grafana (${COOKIE.key} is not set to ${COOKIE.value})`);
  }
  const offered = env.PLUGIN_PROTOCOL_VERSIONS;
  if (offered && !offered.split(',').map(Number).includes(APP_PROTOCOL)) {
    throw new GentError('PLUGIN_HANDSHAKE', `the host speaks plugin protocol ${offered}, not ${APP_PROTOCOL}`);
  }
}

/** A unix socket in a folder only this user can enter; a local TCP port where there is none or its path is too long. */
export function chooseAddress(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): ListenAddress {
  const tcp: ListenAddress = { network: 'tcp', bind: '127.0.0.1:0', dispose: () => undefined };
  if (platform === 'win32') {
    return tcp;
  }
  const directory = mkdtempSync(path.join(env.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), 'plugin-'));
  const dispose = () => rmSync(directory, { recursive: true, force: true });
  const socket = path.join(directory, 'grpc.sock');
  if (Buffer.byteLength(socket) > LONGEST_SOCKET_PATH) {
    dispose();
    return tcp;
  }
  return { network: 'unix', bind: `unix:${socket}`, dispose };
}

/** The line the host waits for on stdout. @param port - of a TCP address, as bound */
export function handshakeLine(address: ListenAddress, port: number): string {
  const where = address.network === 'unix' ? address.bind.slice('unix:'.length) : `127.0.0.1:${port}`;
  return `${CORE_PROTOCOL}|${APP_PROTOCOL}|${address.network}|${where}|grpc|\n`;
}
