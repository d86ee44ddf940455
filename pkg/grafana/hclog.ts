/**
 * @file Logs as hclog JSON on stderr, the form go-plugin passes on to Grafana's own log.
 * Source: hashicorp/go-plugin log_entry.go: `@level`, `@message` and `@timestamp` must be strings (anything else
 * panics the host), and the timestamp must have six digits of fraction.
 */
import { type LogFields, type Logger, type LogLevel, makeLogger } from '../common';
import { traceLogFields } from './trace-context';

/** go-plugin passes lines beyond 64 KiB on in pieces, as plain text. */
const LONGEST_VALUE = 8 * 1024;

const HCLOG_LEVELS: Record<LogLevel, string> = { debug: 'debug', info: 'info', warn: 'warn', error: 'error' };

function cut(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}

/** One log line, without its line break. */
export function hclogLine(level: LogLevel, message: string, fields: LogFields, now: Date = new Date()): string {
  const line: Record<string, string | number | boolean> = {
    '@level': HCLOG_LEVELS[level],
    '@message': cut(String(message)),
    '@timestamp': now.toISOString().replace('Z', '000Z'),
  };
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) {
      // A field of the caller must not take the place of one that the host reads.
      const name = key.startsWith('@') ? key.slice(1) : key;
      line[name] = typeof value === 'string' ? cut(value) : typeof value === 'bigint' ? value.toString() : value;
    }
  }
  return JSON.stringify(line);
}

/** A logger for the host. Everything is written: Grafana's own log filters decide what is kept. */
export function hclogLogger(stream: NodeJS.WritableStream = process.stderr): Logger {
  return makeLogger((level, message, fields) => {
    stream.write(`${hclogLine(level, message, { ...traceLogFields(), ...fields })}\n`);
  }, 'debug');
}
