/** @file JSON text in which no integer is rounded, and JSON.parse with a coded error. */
import { GentError } from '../common';
import { addAnomalies, newAnomalies } from './anomalies';
import type { ReadContext } from './context';

const BIG_INTEGER = /(?<![\d.eE+])-?\d{16,}(?![\d.eE])/g;
const BACKSLASH = 0x5c;

/** Where the string that opens at `open` ends: the index after its closing quote. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let first = close;
    while (text.charCodeAt(first - 1) === BACKSLASH) {
      first--;
    }
    if ((close - first) % 2 === 0) {
      return close + 1;
    }
  }
  return text.length;
}

/**
 * JSON.parse with every bare integer of 16 digits or more as a string, so that none is rounded. Slower than JSON.parse:
 * meant for the documents in which a rounded integer was met.
 */
export function parseJsonExactly(text: string): unknown {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const open = quote < 0 ? text.length : quote;
    parts.push(text.slice(at, open).replace(BIG_INTEGER, '"$&"'));
    at = endOfString(text, open);
    parts.push(text.slice(open, at));
  }
  return JSON.parse(parts.join(''));
}

/**
 * Reads with `read`; when it met integers that JSON.parse may have rounded, reads the text again with every integer exact.
 */
export function readExactly<T>(
  text: string,
  parsed: unknown,
  context: ReadContext,
  read: (document: unknown, context: ReadContext) => T
): T {
  const trial: ReadContext = { intern: context.intern, anomalies: newAnomalies() };
  const result = read(parsed, trial);
  if (trial.anomalies.inexactIntegers === 0) {
    addAnomalies(context.anomalies, trial.anomalies);
    return result;
  }
  return read(parseJsonExactly(text), context);
}

/** JSON.parse whose error is coded. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GentError('TRACE_DOCUMENT_INVALID', `no JSON: ${(error as Error).message}`, { cause: error });
  }
}
