/** @file Logging: one small interface, and writers for a terminal and for Grafana (hclog JSON). */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, string | number | boolean | bigint | undefined>;

/** Structured log lines. Rooms take a Logger and never write to the console themselves. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

const ORDER: LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Builds a {@link Logger} over a function that writes one line. */
export function makeLogger(
  write: (level: LogLevel, message: string, fields: LogFields) => void,
  minimum: LogLevel = 'info',
  bound: LogFields = {}
): Logger {
  const emit =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (ORDER.indexOf(level) >= ORDER.indexOf(minimum)) {
        write(level, message, { ...bound, ...fields });
      }
    };
  return {
    debug: emit('debug'),
    info: emit('info'),
    warn: emit('warn'),
    error: emit('error'),
    with: (fields) => makeLogger(write, minimum, { ...bound, ...fields }),
  };
}

/** A logger for people: `level message key=value …` on stderr. */
export function textLogger(minimum: LogLevel = 'info', stream: NodeJS.WritableStream = process.stderr): Logger {
  return makeLogger((level, message, fields) => {
    const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
    stream.write(`${new Date().toISOString()} ${level.padEnd(5)} ${message}${pairs.join('')}\n`);
  }, minimum);
}

/** A logger that says nothing. */
export const silentLogger: Logger = makeLogger(() => undefined);
