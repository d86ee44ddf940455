/**
 * @file How training grows with traces: time, memory, bytes of the model and speed of generation, on traffic made for the
 * purpose. Every size is measured in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { type Curve, exponents, fittedExponent, LINEAR, logLogPlot, type Point } from './scale/growth';
import { type Panel, scaleHtml } from './scale/report';
import { measure, type Measurement, TRAFFIC, type TrafficName } from './scale/measure';
import type { Bench, BenchRow } from './types';

const QUICK = [1000, 2000, 5000];
const SIZES = [10_000, 20_000, 50_000];
const MARKS = 'abc';
/** The first costs are times. */
const TIMES = 2;
/** Costs that are plotted in the terminal, too: times, memory, bytes. */
const PLOTTED = 4;

/** What grows, in the order of the table. */
const COSTS: ReadonlyArray<readonly [what: string, unit: string, of: (one: Measurement) => number]> = [
  ['training', 's', (one) => one.trainSeconds],
  ['training, CPU', 's', (one) => one.cpuSeconds],
  ['peak memory', 'MB', (one) => one.peakMegabytes],
  ['model', 'bytes', (one) => one.bytes],
  ['model a trace', 'bytes', (one) => one.bytes / one.traces],
  ['generation, one thread', 'spans/s', (one) => one.generatedSpansPerSecond],
];

/** Runs this very bundle again for one size. */
function measureApart(name: TrafficName, count: number): Measurement {
  const { status, signal, stdout } = spawnSync(process.execPath, [__filename, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`${name}, ${count} traces: ended with ${signal ?? `code ${status}`}`);
  }
  return JSON.parse(stdout) as Measurement;
}

function pointsOf(list: readonly Measurement[], of: (one: Measurement) => number): Point[] {
  return list.map((one) => ({ x: one.traces, y: of(one) }));
}

function printTable(measured: ReadonlyMap<TrafficName, Measurement[]>, log: (line: string) => void): void {
  const table = new Table({
    head: ['traffic', 'traces', 'spans', ...COSTS.map(([what, unit]) => `${what}, ${unit}`)],
    colAligns: ['left', ...new Array<'right'>(2 + COSTS.length).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, list] of measured) {
    for (const one of list) {
      const costs = COSTS.map(([, , of]) => of(one)).map((value) =>
        value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en')
      );
      table.push([name, one.traces.toLocaleString('en'), one.spans.toLocaleString('en'), ...costs]);
    }
  }
  table.toString().split('\n').forEach(log);
}

/** Exponents of one kind of traffic, and its costs at the largest size. */
function rowsOf(name: TrafficName, list: readonly Measurement[]): BenchRow[] {
  const last = list.at(-1) as Measurement;
  return COSTS.flatMap(([what, unit, of], i): BenchRow[] => {
    const points = pointsOf(list, of);
    const exponent = fittedExponent(points);
    const steps = `between sizes ${exponents(points)
      .map((one) => one.toFixed(2))
      .join(', ')}`;
    // Only times have to be linear; how the others grow is for reading.
    const target =
      i < TIMES
        ? { target: `≤ ${LINEAR}`, note: `${exponent <= LINEAR ? 'holds' : 'fails'}; ${steps}` }
        : { note: steps };
    return [
      { what: `${name}: ${what} at ${last.traces} traces`, value: of(last), unit },
      { what: `${name}: ${what}, exponent`, value: exponent, unit: '', ...target },
    ];
  });
}

export const bench: Bench = {
  name: 'scale',
  async run({ quick, log }) {
    const measured = new Map<TrafficName, Measurement[]>();
    for (const name of Object.keys(TRAFFIC) as TrafficName[]) {
      const list: Measurement[] = [];
      for (const count of quick ? QUICK : SIZES) {
        log(`${name}: ${count} traces (load ${(loadavg()[0] as number).toFixed(1)})`);
        list.push(measureApart(name, count));
      }
      measured.set(name, list);
    }
    printTable(measured, log);
    const panels = COSTS.map(([title, unit, of]): Panel => {
      const curves = [...measured].map(([name, list], i): Curve => ({
        name,
        mark: MARKS[i] ?? '*',
        points: pointsOf(list, of),
      }));
      return { title, unit, curves };
    });
    for (const { title, unit, curves } of panels.slice(0, PLOTTED)) {
      logLogPlot(curves, 'traces', `${title}, ${unit}`).forEach(log);
    }
    const page = path.join(__dirname, 'scale.html');
    const load = (loadavg()[0] as number).toFixed(1);
    writeFileSync(page, scaleHtml(panels, `Load of the machine at the end: ${load}.`));
    log(`the same as a page: ${page}`);
    return [...measured].flatMap(([name, list]) => rowsOf(name, list));
  },
};

// Started by measureApart.
if (require.main === module) {
  const [name, count] = process.argv.slice(2);
  void measure(name as TrafficName, Number(count)).then((one) => process.stdout.write(JSON.stringify(one)));
}
