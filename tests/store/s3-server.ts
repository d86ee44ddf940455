/**
 * @file An S3 server written by others, for tests: versitygw (Apache-2.0), which keeps buckets as directories.
 * `GENT_S3_SERVER` names the program; where CI is set and Go is there, it is built.
 */
import { AwsClient } from 'aws4fetch';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const TOOLS = path.resolve(__dirname, '../../build/tools');
const START_MS = 30_000;

export interface S3Server {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Makes a bucket. */
  bucket(name: string): void;
  /** Puts an object as any other client would. */
  put(bucket: string, key: string, body: Uint8Array | string): Promise<void>;
  stop(): Promise<void>;
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((directory) => path.join(directory, name))
    .find(existsSync);
}

function built(): string | undefined {
  const program = path.join(TOOLS, 'versitygw');
  if (!existsSync(program) && process.env.CI && spawnSync('go', ['version']).status === 0) {
    spawnSync('go', ['install', MODULE], { env: { ...process.env, GOBIN: TOOLS }, timeout: 900_000 });
  }
  return existsSync(program) ? program : undefined;
}

/** The program to start; undefined when there is none. */
export const s3Program = process.env.GENT_S3_SERVER || onPath('versitygw') || built();

/** Why tests that need a server are skipped. */
export const s3Obstacle =
  s3Program === undefined
    ? `no S3 server: name one with GENT_S3_SERVER, for example from: GOBIN=$PWD/build/tools go install ${MODULE}`
    : undefined;

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null) {
    try {
      await fetch(endpoint);
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error('the S3 server did not start');
}

/** Starts {@link s3Program} on a free port of 127.0.0.1 over an empty directory. */
export async function startS3Server(): Promise<S3Server> {
  const program = s3Program as string;
  const root = mkdtempSync(path.join(tmpdir(), 'gent-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const [accessKey, secretKey] = ['gent-test', 'gent-test-secret'];
  const child = spawn(
    program,
    ['--port', `127.0.0.1:${port}`, '--access', accessKey, '--secret', secretKey, 'posix', root],
    { stdio: 'ignore' }
  );
  const client = new AwsClient({
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    service: 's3',
    region: 'us-east-1',
  });
  await answers(endpoint, child);
  return {
    endpoint,
    accessKey,
    secretKey,
    bucket: (bucket) => {
      mkdirSync(path.join(root, bucket));
    },
    put: async (bucket, key, body) => {
      const answer = await client.fetch(`${endpoint}/${bucket}/${key}`, {
        method: 'PUT',
        body: body as RequestInit['body'],
      });
      if (!answer.ok) {
        throw new Error(`${key}: ${answer.status} ${await answer.text()}`);
      }
    },
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) {
        await once(child, 'exit');
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}
