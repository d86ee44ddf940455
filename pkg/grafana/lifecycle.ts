/** @file The life of the plugin process: what it may print, when it ends, and what it says when it breaks. */
import { setFlagsFromString } from 'node:v8';
import type { Logger } from '../common';

const PARENT_POLL_MS = 2000;
/** Bytecode that V8 may copy into one function when it compiles it; its default is 920 bytes. */
const INLINED_BYTES = 150;

/**
 * Keeps what V8 compiles small. A plugin that runs for months compiles whatever is asked often, and each function with
 * copies of those it calls and tables of what each copy assumes: that was most of what the heap grew by in 10,000
 * questions. Answers and traces take as long as before. Must be called before anything is compiled.
 */
export function boundCompiledCode(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
}

/**
 * Takes stdout away from everything but the handshake: the host reads its first line, then nothing. Later output,
 * whoever writes it, becomes a log line.
 * @returns writes to the real stdout
 */
export function guardStdout(log: Logger): (text: string) => void {
  const write = process.stdout.write.bind(process.stdout) as (text: string) => boolean;
  process.stdout.on('error', () => undefined);
  process.stdout.write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (text.trim() !== '') {
      log.debug(text.trimEnd(), { from: 'stdout' });
    }
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') {
      process.nextTick(done as () => void);
    }
    return true;
  }) as typeof process.stdout.write;
  return (text) => {
    write(text);
  };
}

/** Logs what nobody caught in the host's own form before the process ends; Node's own report would not be read. */
export function logFatalErrors(log: Logger, end: (code: number) => void): void {
  const fatal = (kind: string) => (reason: unknown) => {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    log.error(`${kind}: ${error.message}`, { stack: error.stack });
    end(1);
  };
  process.on('uncaughtException', fatal('uncaught exception'));
  process.on('unhandledRejection', fatal('unhandled rejection'));
}

/**
 * Ends the process when its host has gone. A killed host cannot say goodbye, and stdin is not a pipe to it, so the
 * parent's process id is watched.
 */
export function watchParent(gone: () => void, parent: () => number = () => process.ppid): NodeJS.Timeout {
  const first = parent();
  const timer = setInterval(() => {
    if (parent() !== first) {
      clearInterval(timer);
      gone();
    }
  }, PARENT_POLL_MS);
  timer.unref();
  return timer;
}

/** Ctrl-C in a terminal reaches the whole process group: ending is the host's decision. SIGTERM ends at once. */
export function handleSignals(terminate: () => void): void {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', terminate);
}
