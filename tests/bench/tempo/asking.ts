/** @file The same questions to several servers of Tempo's API: how long each takes, and whether the answers are the same. */

/** One question: a path with parameters. */
export interface Question {
  readonly what: string;
  /** The address for the `i`th time; a comment in the query makes it one that no cache knows. */
  readonly path: (i: number) => string;
}

interface TraceJson {
  traceID: string;
}
interface SeriesJson {
  labels?: Array<{ key: string; value: Record<string, unknown> }>;
  samples?: Array<{ timestampMs: string; value?: number }>;
}

/** Trace ids of a search. */
export function traceIds(body: unknown): Map<string, number> {
  const { traces = [] } = body as { traces?: TraceJson[] };
  return new Map(traces.map(({ traceID }) => [traceID.replace(/^0+/, ''), 1]));
}

/** Every sample of a range query that is not zero, by labels and time. */
export function samples(body: unknown): Map<string, number> {
  const { series = [] } = body as { series?: SeriesJson[] };
  const all = new Map<string, number>();
  for (const { labels = [], samples: list = [] } of series) {
    const name = labels
      .map(({ key, value }) => `${key}=${Object.values(value).join()}`)
      .sort()
      .join(' ');
    for (const { timestampMs, value } of list) {
      if (value !== undefined && value !== 0) {
        all.set(`${name} @${timestampMs}`, value);
      }
    }
  }
  return all;
}

/** Asks once. @returns the body and the milliseconds until all of it was there */
export async function ask(url: string, path: string): Promise<{ body: unknown; ms: number }> {
  const began = performance.now();
  const answer = await fetch(url + path);
  const text = await answer.text();
  const ms = performance.now() - began;
  if (!answer.ok) {
    throw new Error(`${url}${path}: ${answer.status} ${text.slice(0, 500)}`);
  }
  return { body: JSON.parse(text), ms };
}

/** How two answers differ; '' when they do not. Numbers may differ by a millionth: sums are added in another order. */
export function difference(expected: Map<string, number>, got: Map<string, number>): string {
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a));
  const missing = [...expected].filter(([key]) => !got.has(key));
  const more = [...got].filter(([key]) => !expected.has(key));
  const other = [...expected].filter(([key, value]) => got.has(key) && !near(value, got.get(key) as number));
  const example = missing[0] ?? more[0] ?? other[0];
  return example === undefined
    ? ''
    : `${missing.length} missing, ${more.length} more, ${other.length} other of ${expected.size}, such as ${example[0]}` +
        `: ${example[1]}, here ${got.get(example[0])}`;
}
