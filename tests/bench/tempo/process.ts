/** @file Grafana Tempo as a process of its own: one binary, local storage, 127.0.0.1 only, limits out of the way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { otlpProtobuf, type Trace } from '../../../pkg/trace';

const TRACES_A_REQUEST = 100;
const START_MS = 60_000;
const FLUSH_MS = 240_000;

export interface Serving {
  /** `http://127.0.0.1:port` of the query API. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Ports of 127.0.0.1 that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => (probe.address() as { port: number }).port);
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')));
  return ports;
}

/** JSON is YAML. Times are as in the traces, which may be a day old: the slack keeps Tempo from correcting them. */
function configuration(directory: string, ports: readonly number[]): string {
  const [http, grpc, otlp, gossip] = ports;
  const wal = (name: string) => ({ path: path.join(directory, name), ingestion_time_range_slack: '48h' });
  return JSON.stringify({
    stream_over_http_enabled: true,
    usage_report: { reporting_enabled: false },
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      log_level: 'warn',
    },
    distributor: { receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } } },
    memberlist: { bind_addr: ['127.0.0.1'], bind_port: gossip },
    live_store: {
      wal: wal('live'),
      shutdown_marker_dir: path.join(directory, 'marker'),
      ring: { instance_addr: '127.0.0.1' },
      max_trace_idle: '1s',
      max_trace_live: '5s',
      max_block_duration: '10s',
      // What is in the backend is to be read from there.
      complete_block_timeout: '5s',
    },
    block_builder: { wal: wal('builder') },
    storage: {
      trace: {
        backend: 'local',
        wal: wal('wal'),
        local: { path: path.join(directory, 'blocks') },
        blocklist_poll: '2s',
      },
    },
    query_frontend: {
      query_end_cutoff: '0s',
      search: { query_backend_after: '0s' },
      metrics: { query_backend_after: '0s' },
    },
    overrides: {
      defaults: {
        ingestion: { rate_limit_bytes: 2_000_000_000, burst_size_bytes: 2_000_000_000, max_traces_per_user: 0 },
        global: { max_bytes_per_trace: 0 },
      },
    },
  });
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until && child.exitCode === null; await sleep(200)) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined);
    if (answer?.status === 200) {
      return;
    }
  }
  throw new Error(`the process at ${url} did not start`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
  clearTimeout(timer);
}

/** Bytes of all files below a directory. */
export function diskBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(directory, entry.name);
    return sum + (entry.isDirectory() ? diskBytes(file) : statSync(file).size);
  }, 0);
}

/** Traces that the blocks of Tempo's backend hold. */
function tracesInBlocks(directory: string): number {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('meta.json') && !name.endsWith('compacted.meta.json'))
      .reduce((sum, name) => {
        const meta = JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as { totalObjects?: number };
        return sum + (meta.totalObjects ?? 0);
      }, 0);
  } catch {
    return 0;
  }
}

export interface TempoProcess extends Serving {
  /** Where the blocks of its backend are. */
  readonly blocks: string;
  /** Sends traces through OTLP/HTTP and waits until all of them are in the backend. @returns seconds of the sending */
  fill(traces: readonly Trace[]): Promise<number>;
}

/** Starts Tempo over an empty directory. */
export async function startTempo(program: string, directory: string): Promise<TempoProcess> {
  mkdirSync(directory, { recursive: true });
  const ports = await freePorts(4);
  const file = path.join(directory, 'tempo.yaml');
  writeFileSync(file, configuration(directory, ports));
  const child = spawn(program, [`-config.file=${file}`], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${ports[0]}`;
  await ready(url, child);
  const blocks = path.join(directory, 'blocks');
  return {
    url,
    pid: child.pid ?? 0,
    blocks,
    stop: () => stopChild(child),
    fill: async (traces) => {
      const began = performance.now();
      for (let at = 0; at < traces.length; at += TRACES_A_REQUEST) {
        const answer = await fetch(`http://127.0.0.1:${ports[2]}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body: otlpProtobuf(traces.slice(at, at + TRACES_A_REQUEST)),
        });
        if (!answer.ok) {
          throw new Error(`Tempo refuses traces: ${answer.status} ${await answer.text()}`);
        }
      }
      const seconds = (performance.now() - began) / 1000;
      const until = Date.now() + FLUSH_MS;
      while (tracesInBlocks(blocks) < traces.length) {
        if (Date.now() > until) {
          throw new Error(`only ${tracesInBlocks(blocks)} of ${traces.length} traces came to Tempo's backend`);
        }
        await sleep(1000);
      }
      // Until the live store has let go of what it handed over, and the list of blocks was read again.
      await sleep(20_000);
      return seconds;
    },
  };
}

/** Starts `gent serve` on a free port. */
export async function startServe(gent: string, options: readonly string[]): Promise<Serving> {
  const [port] = await freePorts(1);
  const child = spawn(process.execPath, [gent, 'serve', '--listen', `127.0.0.1:${port}`, ...options], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  return { url, pid: child.pid ?? 0, stop: () => stopChild(child) };
}
