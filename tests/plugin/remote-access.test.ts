/** @file A `gent serve` behind a door: tokens, users, headers, certificates, redirects; and that no error shows a secret. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseSettings, remoteEngine } from '../../pkg/grafana';

const ANSWER = JSON.stringify({ traces: [{ traceID: 'ab', rootServiceName: 'far' }] });
const servers: Server[] = [];
const directory = mkdtempSync(path.join(tmpdir(), 'gent-access-'));

afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(directory, { recursive: true, force: true });
});

/** Starts a server. @returns its port */
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The engine that settings open, as Grafana sends them. */
function engineOf(json: object, secure: Record<string, string> = {}, basicAuthUser?: string) {
  const { address, access } = parseSettings(
    {
      jsonData: Buffer.from(JSON.stringify(json)),
      decryptedSecureJsonData: secure,
      ...(basicAuthUser === undefined ? {} : { basicAuthEnabled: true, basicAuthUser }),
    },
    {}
  );
  return remoteEngine(address ?? '', access);
}
const search = (engine: ReturnType<typeof engineOf>) => engine.search({ query: '{ }' });

describe('headers', () => {
  let address: string;
  let seen: IncomingMessage['headers'];
  let answer = (_: IncomingMessage, response: ServerResponse) => response.end(ANSWER);
  beforeAll(async () => {
    const server = createPlain((request, response) => {
      seen = request.headers;
      answer(request, response);
    });
    address = `http://127.0.0.1:${await listen(server)}`;
  });
  afterEach(() => {
    answer = (_, response) => response.end(ANSWER);
  });

  test.each<[string, object, Record<string, string>, string | undefined, Record<string, string>]>([
    ['a token', {}, { token: 't0k' }, undefined, { authorization: 'Bearer t0k' }],
    ['a user', {}, { basicAuthPassword: 'p:w' }, 'ann', { authorization: `Basic ${btoa('ann:p:w')}` }],
    [
      'headers of one’s own',
      { httpHeaderName1: 'X-Scope-OrgID', httpHeaderName2: 'X-Other' },
      { httpHeaderValue1: 'team-a', httpHeaderValue2: 'two', token: 't0k' },
      undefined,
      { 'x-scope-orgid': 'team-a', 'x-other': 'two', authorization: 'Bearer t0k' },
    ],
  ])('%s goes along', async (_, json, secure, user, expected) => {
    const { traces } = await search(engineOf({ address, ...json }, secure, user));
    expect(traces[0]?.rootServiceName).toBe('far');
    expect(seen).toMatchObject(expected);
  });

  test('zipped answers are read, and a cut one is an error', async () => {
    answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(ANSWER));
    expect((await search(engineOf({ address }))).traces).toHaveLength(1);
    answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(ANSWER).subarray(0, 20));
    await expect(search(engineOf({ address }))).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
  });

  test('a redirect is not followed, so that secrets stay with the configured address', async () => {
    answer = (_, response) => response.writeHead(302, { location: `${address}/elsewhere` }).end();
    await expect(search(engineOf({ address }, { token: 't0k' }))).rejects.toThrow(/redirects elsewhere \(status 302\)/);
  });

  test('connections are kept, and closed with the engine', async () => {
    const ports = new Set<number | undefined>();
    answer = (request, response) => {
      ports.add(request.socket.remotePort);
      return response.end(ANSWER);
    };
    const engine = engineOf({ address });
    // The first search asks for the models beside it; later ones ask for nothing else.
    await search(engine);
    ports.clear();
    await search(engine);
    await search(engine);
    expect(ports.size).toBe(1);
    await engine.close();
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

(openssl ? describe : describe.skip)(`certificates${openssl ? '' : ' (skipped: no openssl to make them)'}`, () => {
  let address: string;
  let pem: Record<'ca' | 'cert' | 'key', string>;

  function run(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' });
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  }
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

  beforeAll(async () => {
    run('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority');
    for (const [name, subject] of [
      ['server', '/CN=gent.internal'],
      ['client', '/CN=grafana'],
    ] as const) {
      run(
        'req',
        ...ec,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        subject,
        '-addext',
        `subjectAltName=DNS:${subject.slice(4)}`
      );
      run(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '2',
        '-copy_extensions',
        'copy',
        '-out',
        `${name}.pem`
      );
    }
    const read = (file: string) => readFileSync(path.join(directory, file), 'utf8');
    pem = { ca: read('ca.pem'), cert: read('client.pem'), key: read('client.key') };
    const server = createSecure(
      { key: read('server.key'), cert: read('server.pem'), ca: pem.ca, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { authorized } = request.socket as unknown as { authorized: boolean };
        response.writeHead(authorized || request.url?.startsWith('/open') ? 200 : 401).end(ANSWER);
      }
    );
    address = `https://127.0.0.1:${await listen(server)}`;
  });

  test('a server that nobody vouches for is refused', async () => {
    await expect(search(engineOf({ address }))).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
    await expect(search(engineOf({ address }))).rejects.toThrow(/certificate/);
  });

  test('with the authority’s and a client certificate, and the name that the certificate has, it answers', async () => {
    const json = { address, tlsAuthWithCACert: true, tlsAuth: true, serverName: 'gent.internal' };
    const secure = { tlsCACert: pem.ca, tlsClientCert: pem.cert, tlsClientKey: pem.key };
    expect((await search(engineOf(json, secure))).traces[0]?.rootServiceName).toBe('far');
    await expect(search(engineOf({ ...json, serverName: '' }, secure))).rejects.toThrow(/altnames|Host/i);
    await expect(search(engineOf({ ...json, tlsAuth: false }, secure))).rejects.toMatchObject({
      code: 'REMOTE_UNAUTHORIZED',
    });
  });

  test('verification can be left out', async () => {
    const open = { address: `${address}/open`, tlsSkipVerify: true };
    expect((await search(engineOf(open))).traces).toHaveLength(1);
  });
});

describe('settings that are refused by name, without their values', () => {
  const address = 'https://gent:3200';
  test.each<[object, Record<string, string>, string | undefined, RegExp]>([
    [{}, { token: 'S3CRET' }, 'ann', /a token and basic authentication/],
    [{}, { basicAuthPassword: 'S3CRET' }, '', /needs a user/],
    [{}, { basicAuthPassword: 'S3CRET' }, 'a:b', /without a colon/],
    [{ httpHeaderName1: 'a b' }, { httpHeaderValue1: 'S3CRET' }, undefined, /httpHeaderName1 is not the name/],
    [{ httpHeaderName1: 5 }, {}, undefined, /httpHeaderName1 is not the name/],
    [{ httpHeaderName1: 'Host' }, {}, undefined, /Host is set by the request/],
    [{ httpHeaderName1: 'X-A' }, { httpHeaderValue1: 'S3CRET\r\nX-B: 1' }, undefined, /value of the header X-A/],
    [{ httpHeaderName1: 'Authorization' }, { token: 'S3CRET' }, undefined, /Authorization is set twice/],
    [{ tlsAuthWithCACert: true }, {}, undefined, /certificate of the authority is missing/],
    [{ tlsAuth: true }, { tlsClientCert: 'S3CRET' }, undefined, /client key is missing/],
    [{ tlsAuthWithCACert: true }, { tlsCACert: 'S3CRET' }, undefined, /cannot be read as PEM/],
    [{ tlsSkipVerify: 'yes' }, {}, undefined, /tlsSkipVerify must be true or false/],
    [{ serverName: 5 }, {}, undefined, /serverName must be text/],
  ])('%j', (json, secure, user, message) => {
    const open = () => engineOf({ address, ...json }, secure, user);
    expect(open).toThrow(message);
    expect(open).not.toThrow(/S3CRET/);
    expect(open).toThrow(expect.objectContaining({ code: 'PLUGIN_SETTINGS' }) as Error);
  });
});
