import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkHost, chooseAddress, handshakeLine } from './handshake';

const HOST = { grafana_plugin_type: 'datasource' };

test.each([
  ['no versions named', HOST],
  ['our version', { ...HOST, PLUGIN_PROTOCOL_VERSIONS: '2' }],
  ['our version among others', { ...HOST, PLUGIN_PROTOCOL_VERSIONS: '1,2,3' }],
])('a host is accepted: %s', (_, env) => {
  expect(() => checkHost(env)).not.toThrow();
});

test.each([
  ['a terminal', {}, 'not started by Grafana'],
  ['another cookie', { grafana_plugin_type: 'app' }, 'not started by Grafana'],
  ['another protocol', { ...HOST, PLUGIN_PROTOCOL_VERSIONS: '1,12' }, 'protocol 1,12'],
])('%s is refused', (_, env, message) => {
  expect(() => checkHost(env)).toThrow(message);
});

test('a unix socket lies in a folder of its own, which goes with it', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-'));
  const address = chooseAddress({ PLUGIN_UNIX_SOCKET_DIR: directory }, 'linux');
  expect(address.network).toBe('unix');
  const socket = address.bind.slice('unix:'.length);
  expect(handshakeLine(address, 1)).toBe(`1|2|unix|${socket}|grpc|\n`);
  expect(existsSync(path.dirname(socket))).toBe(true);
  address.dispose();
  expect(existsSync(path.dirname(socket))).toBe(false);
  rmSync(directory, { recursive: true });
});

test('a local port is used on Windows, and where the path of a socket would be too long', () => {
  const deep = path.join(mkdtempSync(path.join(tmpdir(), 'gent-')), 'x'.repeat(100));
  mkdirSync(deep);
  for (const address of [chooseAddress({}, 'win32'), chooseAddress({ PLUGIN_UNIX_SOCKET_DIR: deep }, 'linux')]) {
    expect(address.bind).toBe('127.0.0.1:0');
    expect(handshakeLine(address, 4711)).toBe('1|2|tcp|127.0.0.1:4711|grpc|\n');
    address.dispose();
  }
  rmSync(path.dirname(deep), { recursive: true });
});
