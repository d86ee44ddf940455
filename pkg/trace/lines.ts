/** @file Cuts a stream of bytes into lines, bounded in length. */

const NEWLINE = 0x0a;

/** One line, without its end. `bytes` is undefined for a line over the limit: it was skipped. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/**
 * Lines of a byte stream, empty ones left out (a file may consist of them) but counted. A line over `maxBytes` is not held in memory: it is given out without its bytes.
 * @param maxBytes - longest line in bytes
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let parts: Buffer[] = [];
  let held = 0;
  let over = false;
  const take = (tail: Buffer): Line => {
    const bytes = over || held + tail.length > maxBytes ? undefined : parts.length > 0 ? join(parts, tail) : tail;
    parts = [];
    held = 0;
    over = false;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      if (at === from && held === 0) {
        number++;
      } else {
        yield take(chunk.subarray(from, at));
      }
      from = at + 1;
    }
    const rest = chunk.subarray(from);
    held += rest.length;
    over ||= held > maxBytes;
    if (over) {
      parts = [];
    } else if (rest.length > 0) {
      parts.push(rest);
    }
  }
  if (held > 0) {
    yield take(Buffer.alloc(0));
  }
}

function join(parts: Buffer[], tail: Buffer): Buffer {
  return Buffer.concat([...parts, tail]);
}
