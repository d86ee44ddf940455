/**
 * @file The representations that other generators learn from, written in Python: traces go in and come back, so that what a
 * comparison shows is the generator's and not its reader's. Skipped where Python or numpy is not at hand.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readAllTraces, type Span, type Trace, writeTraces } from '../../../pkg/trace';
import { asText, shapeOf, shopTraces } from '../../core/batches';

const PYTHON = process.env.PYTHON ?? 'python3';

/** Why the scripts cannot run here; undefined when they can. */
function obstacle(): string | undefined {
  if (spawnSync(PYTHON, ['--version']).status !== 0) {
    return `${PYTHON} is not installed`;
  }
  return spawnSync(PYTHON, ['-c', 'import numpy']).status === 0 ? undefined : `${PYTHON} has no numpy`;
}

const reason = obstacle();
const describePython = reason === undefined ? describe : describe.skip;

const byStart = (trace: Trace): Span[] =>
  [...trace.spans].sort(
    (a, b) =>
      Number(a.startTimeUnixNano - b.startTimeUnixNano) ||
      Number(a.endTimeUnixNano - b.endTimeUnixNano) ||
      a.name.localeCompare(b.name)
  );

const durations = (traces: Trace[]): number[] =>
  traces.flatMap((trace) => trace.spans.map((span) => Number(span.endTimeUnixNano - span.startTimeUnixNano)));

/** Attributes of the spans of a trace, of these keys only, in no order. */
const attributesOf = (trace: Trace, keys: ReadonlySet<string>): string[] =>
  trace.spans
    .map(
      (span) =>
        `${span.name} ${asText(span.attributes.filter(({ key }) => keys.has(key)).map(({ key, value }) => [key, value]))}`
    )
    .sort();

describePython(`what other generators learn from${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  const real = shopTraces(150);
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'gent-drivers-'));
    await writeTraces(path.join(directory, 'in.ndjson'), real);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function through(how: string): Promise<{ traces: Trace[]; told: string }> {
    const out = path.join(directory, `${how}.ndjson`);
    const ran = spawnSync(
      PYTHON,
      [path.join(__dirname, 'round_trip.py'), path.join(directory, 'in.ndjson'), out, how],
      {
        encoding: 'utf8',
      }
    );
    expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
    return { traces: await readAllTraces(out), told: ran.stdout };
  }

  test('rows keep trees, errors and attributes, and times within a thousandth', async () => {
    const { traces } = await through('rows');
    expect(traces.map(shapeOf)).toEqual(real.map(shapeOf));
    const keys = new Set(
      traces.flatMap((trace) => trace.spans.flatMap((span) => span.attributes.map(({ key }) => key)))
    );
    expect(keys.size).toBeGreaterThanOrEqual(3);
    expect(traces.map((trace) => attributesOf(trace, keys))).toEqual(real.map((trace) => attributesOf(trace, keys)));
    traces.forEach((trace, t) => {
      const [before, after] = [byStart(real[t] as Trace), byStart(trace)];
      expect(after[0]?.startTimeUnixNano).toBe(before[0]?.startTimeUnixNano);
      const worst = before.map((span, i) => {
        const length = Number(span.endTimeUnixNano - span.startTimeUnixNano);
        const other = after[i] as Span;
        return Math.abs(Number(other.endTimeUnixNano - other.startTimeUnixNano) - length) / length;
      });
      expect(Math.max(...worst)).toBeLessThan(1e-3);
    });
  });

  test('tokens keep trees and errors, stay among those of their place, and keep how durations spread', async () => {
    const { traces, told } = await through('sequences');
    expect(traces.map(shapeOf)).toEqual(real.map(shapeOf));
    const { tokens, outside, fields } = JSON.parse(told) as { tokens: number; outside: number; fields: string[] };
    expect(outside).toBe(0);
    expect(fields).toEqual(expect.arrayContaining(['chain', 'gap', 'duration', 'error']));
    expect(tokens).toBeLessThan(2000);
    const [before, after] = [durations(real), durations(traces)].map((all) => all.sort((a, b) => a - b)) as [
      number[],
      number[],
    ];
    for (const share of [0.1, 0.5, 0.9]) {
      const at = Math.floor(share * before.length);
      expect((after[at] as number) / (before[at] as number)).toBeCloseTo(1, 1);
    }
  });

  test('a subset is evenly spread, and is the same traces', async () => {
    const out = path.join(directory, 'subset.ndjson');
    const ran = spawnSync(PYTHON, [path.join(__dirname, 'subset.py'), path.join(directory, 'in.ndjson'), out, '4']);
    expect(ran.stdout.toString()).toBe('4 traces\n');
    const told = (trace: Trace | undefined): unknown =>
      trace && [trace.traceId, shapeOf(trace), durations([trace]).sort()];
    expect((await readAllTraces(out)).map(told)).toEqual([0, 37, 75, 112].map((at) => told(real[at])));
  });

  test('a wrong call is refused with how to call it', () => {
    const ran = spawnSync(PYTHON, [path.join(__dirname, 'round_trip.py'), 'only'], { encoding: 'utf8' });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('usage:');
  });
});
