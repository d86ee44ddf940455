/** @file Ingest: spans a second that the trainer takes on one core, and its memory, with the trainer in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { simulateShop } from '../../pkg/pandora';
import { otlpJson, otlpProtobuf, type Trace } from '../../pkg/trace';
import type { Bench, BenchRow } from './types';

declare const __benchRoot: string;

const TRACES_A_REQUEST = 60;
const CONNECTIONS = 4;

interface Request {
  readonly body: Uint8Array;
  readonly spans: number;
}

/** Requests of a whole run, made beforehand so that making them is not measured. */
function requests(traces: readonly Trace[], encode: (traces: readonly Trace[]) => Uint8Array): Request[] {
  const list: Request[] = [];
  for (let at = 0; at < traces.length; at += TRACES_A_REQUEST) {
    const part = traces.slice(at, at + TRACES_A_REQUEST);
    list.push({ body: encode(part), spans: part.reduce((sum, trace) => sum + trace.spans.length, 0) });
  }
  return list;
}

/** CPU seconds and peak resident MiB of a process so far, from /proc; undefined where there is none. */
function usage(pid: number): { cpuSeconds: number; peakMiB: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { cpuSeconds: ticks / 100, peakMiB: Number(peak?.[1] ?? 0) / 1024 };
  } catch {
    return undefined;
  }
}

async function startTrainer(): Promise<{ address: string; pid: number; stop(): Promise<void> }> {
  const store = mkdtempSync(path.join(tmpdir(), 'gent-bench-'));
  const gent = path.join(__benchRoot, 'build/gent.cjs');
  // Batches larger than the run: receiving alone is measured, not training.
  const child = spawn(
    process.execPath,
    [
      gent,
      'trainer',
      '--listen',
      '127.0.0.1:0',
      '--store',
      store,
      '--batch-traces',
      '10000000',
      '--batch-age',
      '1h',
      '--idle',
      '2s',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  );
  let out = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the trainer ended with code ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('Ctrl-C')) {
        resolve();
      }
    });
  });
  child.removeAllListeners('exit');
  return {
    address: /OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/.exec(out)?.[1] ?? '',
    pid: child.pid ?? 0,
    stop: async () => {
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exit;
      rmSync(store, { recursive: true, force: true });
    },
  };
}

async function measure(name: string, list: readonly Request[], headers: Record<string, string>): Promise<BenchRow[]> {
  const trainer = await startTrainer();
  try {
    const before = usage(trainer.pid);
    const began = performance.now();
    let next = 0;
    let spans = 0;
    const connection = async () => {
      for (let request = list[next++]; request !== undefined; request = list[next++]) {
        const response = await fetch(`${trainer.address}/v1/traces`, { method: 'POST', headers, body: request.body });
        if (response.status !== 200) {
          throw new Error(`the trainer answered ${response.status}: ${await response.text()}`);
        }
        await response.arrayBuffer();
        spans += request.spans;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    const seconds = (performance.now() - began) / 1000;
    // Idle traces are closed and packed after the last request: part of the cost.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const after = usage(trainer.pid);
    const rows: BenchRow[] = [{ what: `ingest, ${name}, wall`, value: spans / seconds, unit: 'spans/s' }];
    if (before !== undefined && after !== undefined) {
      rows.push(
        {
          what: `ingest, ${name}, on one core`,
          value: spans / (after.cpuSeconds - before.cpuSeconds),
          unit: 'spans/s',
          target: '>= 10000',
          note: `${spans} spans by the trainer's CPU time, packing included`,
        },
        { what: `ingest, ${name}, peak memory`, value: after.peakMiB, unit: 'MiB', target: '<= 400', note: 'resident' }
      );
    }
    return rows;
  } finally {
    await trainer.stop();
  }
}

export const bench: Bench = {
  name: 'trainer',
  async run({ quick, log }) {
    const count = quick ? 5000 : 40_000;
    log(`simulating ${count} traces`);
    const traces = [...simulateShop({ count })];
    const rows: BenchRow[] = [];
    const zip = (bytes: Uint8Array | string) => gzipSync(bytes, { level: 1 });
    log('protobuf with gzip');
    rows.push(
      ...(await measure(
        'OTLP/HTTP protobuf gzip',
        requests(traces, (part) => zip(otlpProtobuf(part))),
        {
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
        }
      ))
    );
    log('JSON with gzip');
    rows.push(
      ...(await measure(
        'OTLP/HTTP JSON gzip',
        requests(traces, (part) => zip(otlpJson(part))),
        {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
        }
      ))
    );
    return rows;
  },
};
