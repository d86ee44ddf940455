/** @file `gent query`: TraceQL over models or real traces, as a table, lines of blocks, or Tempo's JSON. */
import Table from 'cli-table3';
import pc from '../colors';
import { GentError } from '../../common';
import type { Notice, SearchResult, TimeRange, TracesEngine } from '../../query';
import { instantJson, rangeJson, searchJson } from '../../tempo';
import { isMetricsQuery, parseDuration, parseQuery, type SpanSet } from '../../traceql';
import type { Command, CommandIo, OptionValues } from '../command';
import { ENGINE_OPTIONS, openEngine, RANGE_OPTIONS, rangeOption } from '../engine';
import { formatNanos, formatTime } from '../format';
import { countOption, textOption } from '../options';
import { instantView, rangeView } from '../series-view';

/** Slots of a range query for which no step is given. */
const DEFAULT_SLOTS = 60n;
const SECOND = 1_000_000_000n;

function attributesOf(sets: readonly SpanSet[]): string {
  const found = new Map<string, string>();
  for (const set of sets) {
    for (const { key, value } of [...set.attributes, ...set.spans.flatMap((span) => span.attributes)]) {
      if (!found.has(key) && (typeof value !== 'object' || value === null)) {
        found.set(key, `${key}=${String(value)}`);
      }
    }
  }
  return [...found.values()].join(' ');
}

function searchTable(result: SearchResult): string {
  const line = Object.fromEntries(
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
      .split(' ')
      .map((part) => [part, ''])
  );
  const table = new Table({
    head: ['trace', 'start', 'service', 'name', 'duration', 'matched', ''].map((text) => pc.dim(text)),
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'left'],
    chars: { ...line, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const trace of result.traces) {
    table.push([
      trace.traceId,
      formatTime(trace.startTimeUnixNano),
      pc.cyan(trace.rootServiceName),
      trace.rootTraceName,
      formatNanos(Number(trace.durationNanos)),
      String(trace.spanSets.reduce((sum, set) => sum + set.matched, 0)),
      pc.dim(attributesOf(trace.spanSets)),
    ]);
  }
  const { stats } = result;
  const found = result.traces.length === 0 ? 'No trace matches.' : table.toString();
  const cost = `${result.traces.length} traces; ${stats.inspectedTraces} looked at, ${stats.elapsedMs.toFixed(0)} ms`;
  return `${found}\n${pc.dim(cost)}`;
}

/** Everything held, in whole seconds. */
async function wholeRange(engine: TracesEngine): Promise<TimeRange> {
  const { window } = await engine.describe();
  const start = ((window?.start ?? 0n) / SECOND) * SECOND;
  const end = ((window?.end ?? SECOND) / SECOND + 1n) * SECOND;
  return { start, end };
}

function stepOption(values: OptionValues, range: TimeRange): bigint {
  const text = textOption(values, 'step');
  if (text !== undefined) {
    const step = parseDuration(text);
    if (step === undefined || step <= 0n) {
      throw new GentError('USAGE', `--step ${text}: a duration such as 30s is expected`);
    }
    return step;
  }
  // A step that whole time buckets make up, so that counts can answer.
  const rough = (range.end - range.start) / DEFAULT_SLOTS;
  const grid = [5n, 15n, 30n, 60n, 300n, 900n, 3600n, 21_600n, 86_400n].map((seconds) => seconds * SECOND);
  return grid.find((step) => step >= rough) ?? rough;
}

function sayNotices(notices: readonly Notice[], io: CommandIo): void {
  for (const { severity, text } of notices) {
    io.stderr.write(`${severity === 'info' ? pc.dim(text) : pc.yellow(text)}\n`);
  }
}

function intervalsOption(values: OptionValues): 'whole' | 'sampling' {
  const text = textOption(values, 'intervals') ?? 'whole';
  if (text !== 'whole' && text !== 'sampling') {
    throw new GentError('USAGE', `--intervals ${text}: whole or sampling is expected`);
  }
  return text;
}

async function answer(engine: TracesEngine, text: string, values: OptionValues, io: CommandIo): Promise<void> {
  const range = await rangeOption(values, engine);
  const { signal } = io;
  const asJson = values.json === true;
  const print = (view: string, document: unknown) => io.stdout.write(`${asJson ? JSON.stringify(document) : view}\n`);
  if (!isMetricsQuery(parseQuery(text))) {
    const spansPerSpanSet = countOption(values, 'spss');
    const result = await engine.search({
      query: text,
      limit: countOption(values, 'limit', 1) ?? 20,
      ...(spansPerSpanSet === undefined ? {} : { spansPerSpanSet }),
      ...(range === undefined ? {} : { range }),
      signal,
    });
    print(searchTable(result), searchJson(result));
    sayNotices(result.notices, io);
    return;
  }
  const within = range ?? (await wholeRange(engine));
  const intervals = intervalsOption(values);
  if (values.instant === true) {
    const result = await engine.metricsInstant({ query: text, range: within, intervals, signal });
    print(instantView(result), instantJson(result));
    sayNotices(result.notices, io);
    return;
  }
  const result = await engine.metricsRange({
    query: text,
    range: within,
    stepNanos: stepOption(values, within),
    exemplars: countOption(values, 'exemplars') ?? 0,
    intervals,
    signal,
  });
  print(rangeView(result), rangeJson(result));
  sayNotices(result.notices, io);
}

const query: Command = {
  name: 'query',
  summary: 'asks TraceQL of models or of real traces',
  usage: "query --store DIR|--traces FILE [--from T --to T] [--limit N] '{ TraceQL }' [--json]",
  options: {
    ...ENGINE_OPTIONS,
    ...RANGE_OPTIONS,
    limit: { type: 'string', value: 'N', help: 'traces at most', default: '20' },
    spss: { type: 'string', value: 'N', help: 'spans at most in each spanset', default: '3' },
    step: { type: 'string', value: 'D', help: 'step of a metrics query, e.g. 30s' },
    instant: { type: 'boolean', help: 'one value for the whole time instead of a series' },
    exemplars: { type: 'string', value: 'N', help: 'exemplars at most in a metrics query', default: '0' },
    intervals: {
      type: 'string',
      value: 'KIND',
      help: 'what 95% intervals hold: whole, the real values, or sampling, those of all generated traces',
      default: 'whole',
    },
    json: { type: 'boolean', help: "one JSON document, as Tempo's API answers" },
  },
  // The error names what is expected.
  positionals: Number.POSITIVE_INFINITY,
  async run(values, positionals, io) {
    const [text, ...rest] = positionals;
    if (text === undefined || rest.length > 0) {
      throw new GentError('USAGE', "query: one TraceQL query is expected, in quotes: '{ status = error }'");
    }
    const engine = await openEngine(values, io);
    try {
      await answer(engine, text, values, io);
    } finally {
      await engine.close();
    }
  },
};

export default query;
