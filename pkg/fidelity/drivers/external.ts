/** @file Another program as a driver: it reads a file of traces and writes one. */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GentError, limit } from '../../common';
import { readTraces, writeTraces } from '../../trace';
import { spanTable } from '../span-table';
import { sizesOf } from './sizes';
import type { Driver, Produced, TraceSource } from './types';

const WATCH_MILLISECONDS = 200;
/** What is shown of what the program wrote to stderr. */
const SHOWN_CHARACTERS = 400;

/** A name and a command line from `name=command {in} {out}`. @throws GentError USAGE */
export function parseDriver(text: string): Driver {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  const command = text.slice(at + 1).trim();
  if (name === '' || !command.includes('{in}') || !command.includes('{out}')) {
    throw new GentError('USAGE', `--driver ${text}: "name=command {in} {out}" is expected`);
  }
  return externalDriver(name, command);
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Runs a shell command in a process group of its own; ends the whole group when it must stop. */
async function runCommand(name: string, command: string, out: string, signal?: AbortSignal): Promise<void> {
  const timeout = limit('FIDELITY_DRIVER_MILLISECONDS');
  const largest = limit('FIDELITY_DRIVER_BYTES');
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let shown = '';
  child.stderr.on('data', (chunk: Buffer) => (shown = (shown + chunk.toString()).slice(-SHOWN_CHARACTERS)));
  let stopped: GentError | undefined;
  const stop = (error: GentError): void => {
    stopped ??= error;
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  const cancel = (): void => stop(new GentError('CANCELLED', `the driver ${name} was cancelled`));
  const timer = setTimeout(
    () => stop(new GentError('FIDELITY_DRIVER', `${name} ran longer than FIDELITY_DRIVER_MILLISECONDS=${timeout}`)),
    timeout
  );
  const watch = setInterval(() => {
    if (existsSync(out) && statSync(out).size > largest) {
      stop(new GentError('FIDELITY_DRIVER', `${name} wrote more than FIDELITY_DRIVER_BYTES=${largest}`));
    }
  }, WATCH_MILLISECONDS);
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) {
    cancel();
  }
  try {
    const ended = await new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, killedBy) => resolve(killedBy ?? String(code)));
    });
    if (stopped !== undefined) {
      throw stopped;
    }
    if (ended !== '0') {
      const said = shown.trim();
      throw new GentError('FIDELITY_DRIVER', `${name} ended with ${ended}${said === '' ? '' : `: ${said}`}`);
    }
    if (!existsSync(out)) {
      throw new GentError('FIDELITY_DRIVER', `${name} ended well but wrote no file {out}`);
    }
    if (statSync(out).size > largest) {
      throw new GentError('FIDELITY_DRIVER', `${name} wrote more than FIDELITY_DRIVER_BYTES=${largest}`);
    }
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', cancel);
  }
}

async function produce(
  name: string,
  command: string,
  source: TraceSource,
  seed: number,
  signal?: AbortSignal
): Promise<Produced> {
  const directory = await mkdtemp(path.join(tmpdir(), 'gent-driver-'));
  const input = path.join(directory, 'in.ndjson');
  const output = path.join(directory, 'out.ndjson');
  try {
    await writeTraces(input, source.read(), signal === undefined ? {} : { signal });
    const line = command
      .replaceAll('{in}', quoted(input))
      .replaceAll('{out}', quoted(output))
      .replaceAll('{seed}', String(seed));
    await runCommand(name, line, output, signal);
    const read = (): ReturnType<typeof readTraces> =>
      readTraces(output, { strict: true, ...(signal === undefined ? {} : { signal }) });
    try {
      return { table: await spanTable(source.table.vocabulary, read()), sizes: (await sizesOf(read())).all };
    } catch (error) {
      if (error instanceof GentError && error.code === 'CANCELLED') {
        throw error;
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new GentError('FIDELITY_DRIVER', `what ${name} wrote is not traces: ${why}`, { cause: error });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A program: `{in}` in its command line is a file of OTLP/JSON, one trace a line, `{out}` the file it writes in the same
 * form, `{seed}` the seed. Time and output are bounded by FIDELITY_DRIVER_MILLISECONDS and FIDELITY_DRIVER_BYTES.
 */
export function externalDriver(name: string, command: string): Driver {
  return {
    name,
    kind: 'external',
    produce: (source, seed, signal) => produce(name, command, source, seed, signal),
  };
}
