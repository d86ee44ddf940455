/**
 * @file Incident recall: whether generated traces show the effect of labelled incidents where and when real ones do.
 * A cell is an operation in a minute of an incident. It has the effect `slow` where the median duration is at least 1.5
 * times that of the operation in the incident's traces from before, and `error` where the share of errors is at least
 * 0.1 higher.
 */
import { GentError } from '../common';
import { quantile } from './distance';
import { hashText, type SpanTable } from './span-table';

const SLOWER = 1.5;
const MORE_ERRORS = 0.1;
/** Spans that a real cell and its baseline need, and a generated cell. */
const MIN_REAL = 10;
const MIN_OTHER = 3;
const NANOS_A_MINUTE = 6e10;
const MINUTES = 2 ** 22;

/** A trace that an incident is known of. */
export interface IncidentLabel {
  readonly traceId: string;
  readonly incident: string;
  readonly type: string;
  /** Whether the trace is from the incident, or from just before it. */
  readonly during: boolean;
}

export interface IncidentRecall {
  readonly incidents: number;
  /** Real cells with an effect. */
  readonly cells: number;
  /** Share of those in which the other side shows the same effect. */
  readonly recall: number;
  /** Real cells without an effect, and the share of them in which the other side shows one. */
  readonly quietCells: number;
  readonly falseAlarms: number;
  readonly byType: ReadonlyArray<{ readonly type: string; readonly cells: number; readonly recall: number }>;
}

const COLUMNS = ['trace_id', 'phase', 'fault_id', 'inject_type'] as const;

/**
 * Labels from tab-separated text with the columns trace_id, phase (`pre-injection`, `post-injection`), fault_id and
 * inject_type; others are ignored.
 * @throws GentError USAGE when a column is missing
 */
export function parseIncidentLabels(text: string, file = 'the labels'): IncidentLabel[] {
  const [head = '', ...lines] = text.split('\n');
  const names = head.trim().split('\t');
  const places = COLUMNS.map((column) => names.indexOf(column));
  if (places.includes(-1)) {
    throw new GentError('USAGE', `${file}: the columns ${COLUMNS.join(', ')}, separated by tabs, are expected`);
  }
  const [id, phase, incident, type] = places as [number, number, number, number];
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const cells = line.split('\t');
      return {
        traceId: cells[id] ?? '',
        incident: cells[incident] ?? '',
        type: (cells[type] ?? '').trim(),
        during: (cells[phase] ?? '').startsWith('post'),
      };
    });
}

/** Durations and errors of some spans. */
interface Cell {
  readonly durations: number[];
  errors: number;
}

function add(cells: Map<number, Cell>, key: number, table: SpanTable, row: number): void {
  let cell = cells.get(key);
  if (cell === undefined) {
    cell = { durations: [], errors: 0 };
    cells.set(key, cell);
  }
  cell.durations.push(table.duration[row] as number);
  cell.errors += table.error[row] as number;
}

const minuteOf = (table: SpanTable, row: number, from: number): number =>
  Math.floor(((table.start[row] as number) - from) / NANOS_A_MINUTE);

/** Every operation in every minute of the real range. */
function cellsByMinute(table: SpanTable, from: number): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  for (let row = 0; row < table.spans; row++) {
    const minute = minuteOf(table, row, from);
    if (minute >= 0 && minute < MINUTES) {
      add(cells, (table.operation[row] as number) * MINUTES + minute, table, row);
    }
  }
  return cells;
}

interface Effect {
  readonly slow: boolean;
  readonly error: boolean;
}

const median = (cell: Cell): number => quantile(Float64Array.from(cell.durations).sort(), 0.5);
const errorShare = (cell: Cell): number => cell.errors / cell.durations.length;

function effectOf(cell: Cell | undefined, baseline: { median: number; errors: number }, least: number): Effect {
  if (cell === undefined || cell.durations.length < least) {
    return { slow: false, error: false };
  }
  return {
    slow: median(cell) >= SLOWER * baseline.median,
    error: errorShare(cell) >= baseline.errors + MORE_ERRORS,
  };
}

interface Incident {
  readonly type: string;
  /** By operation, from before. */
  readonly baseline: Map<number, Cell>;
  readonly minutes: Set<number>;
}

function incidentsOf(real: SpanTable, labels: readonly IncidentLabel[], from: number): Map<string, Incident> {
  const byHash = new Map(labels.map((label) => [hashText(label.traceId), label]));
  const incidents = new Map<string, Incident>();
  for (let trace = 0; trace < real.traces; trace++) {
    const label = byHash.get(real.idHash[trace] as number);
    if (label === undefined) {
      continue;
    }
    let incident = incidents.get(label.incident);
    if (incident === undefined) {
      incident = { type: label.type, baseline: new Map(), minutes: new Set() };
      incidents.set(label.incident, incident);
    }
    for (let row = real.offsets[trace] as number; row < (real.offsets[trace + 1] as number); row++) {
      if (label.during) {
        incident.minutes.add(minuteOf(real, row, from));
      } else {
        add(incident.baseline, real.operation[row] as number, real, row);
      }
    }
  }
  return incidents;
}

/** Prepares the cells of the real side once; measures others against them. null when no label fits a real trace. */
export function incidentRecaller(
  real: SpanTable,
  labels: readonly IncidentLabel[]
): ((other: SpanTable) => IncidentRecall) | null {
  const from = real.start.reduce((least, start) => Math.min(least, start), Infinity);
  const incidents = incidentsOf(real, labels, from);
  if (incidents.size === 0) {
    return null;
  }
  const realCells = cellsByMinute(real, from);
  return (other) => {
    const otherCells = cellsByMinute(other, from);
    const types = new Map<string, { cells: number; found: number }>();
    const quiet = { cells: 0, alarms: 0 };
    for (const { type, baseline, minutes } of incidents.values()) {
      const own = types.get(type) ?? { cells: 0, found: 0 };
      types.set(type, own);
      for (const [operation, before] of baseline) {
        const usual = { median: median(before), errors: errorShare(before) };
        for (const minute of before.durations.length < MIN_REAL ? [] : minutes) {
          const key = operation * MINUTES + minute;
          const cell = realCells.get(key);
          if (cell === undefined || cell.durations.length < MIN_REAL) {
            continue;
          }
          const effect = effectOf(cell, usual, MIN_REAL);
          const shown = effectOf(otherCells.get(key), usual, MIN_OTHER);
          if (effect.slow || effect.error) {
            own.cells += 1;
            own.found += (effect.slow && shown.slow) || (effect.error && shown.error) ? 1 : 0;
          } else {
            quiet.cells += 1;
            quiet.alarms += shown.slow || shown.error ? 1 : 0;
          }
        }
      }
    }
    const all = [...types.values()].reduce((sum, own) => ({
      cells: sum.cells + own.cells,
      found: sum.found + own.found,
    }));
    const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
    return {
      incidents: incidents.size,
      cells: all.cells,
      recall: share(all.found, all.cells),
      quietCells: quiet.cells,
      falseAlarms: share(quiet.alarms, quiet.cells),
      byType: [...types].map(([type, { cells, found }]) => ({ type, cells, recall: share(found, cells) })),
    };
  };
}
