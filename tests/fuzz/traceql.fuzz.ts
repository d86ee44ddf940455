/** @file Fuzzes the parser: valid queries, mutated ones, random tokens, random characters. Only coded errors may come out. */
import { GentError } from '../../pkg/common';
import { parseIncomplete, parseQuery, parseTagName, printQuery } from '../../pkg/traceql';
import { QueryWriter, seededDraw, type Draw } from './traceql-grammar';

const TOKENS = [
  ...['{', '}', '(', ')', '|', '||', '&&', '&>', '&>>', '&<', '&<<', '&~', '!', '!=', '!~', '!>', '!>>', '!<', '!<<'],
  ...[
    '=',
    '=~',
    '>',
    '>=',
    '>>',
    '<',
    '<=',
    '<<',
    '~',
    '+',
    '-',
    '*',
    '/',
    '%',
    '^',
    ',',
    ':',
    '.',
    ';',
    "'",
    '"',
    '`',
  ],
  ...['.a', 'span.b', 'resource."c d"', 'event.e', 'parent.f', 'name', 'duration', 'status', 'error', 'server', 'nil'],
  ...['true', 'false', '1', '2.5', '1h', '"x"', '`y`', 'count()', 'avg(', 'by(', 'select(', 'coalesce()', 'rate()'],
  ...[
    'quantile_over_time(duration, .9)',
    'topk(3)',
    'with (',
    'sample=0.1',
    'compare(',
    'trace:id',
    'span:',
    '//',
    '/*',
  ],
  ...['99999999999999999999', '1e999', '1.5d', '\\', '\u0000', '\ud83e', '\u2028', ' ', '\n', '\t'],
];

function mutate(text: string, draw: Draw): string {
  let result = text;
  for (let i = 1 + draw.next(3); i > 0; i--) {
    const at = draw.next(result.length + 1);
    switch (draw.next(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + 1 + draw.next(4));
        break;
      case 1:
        result = result.slice(0, at) + (TOKENS[draw.next(TOKENS.length)] ?? '') + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(0, draw.next(20)) + result.slice(at);
        break;
      case 3:
        result = result.slice(0, at);
        break;
      default:
        result = result.slice(0, at) + String.fromCharCode(draw.next(0x250)) + result.slice(at + 1);
    }
  }
  return result;
}

function randomTokens(draw: Draw): string {
  return Array.from({ length: draw.next(20) }, () => TOKENS[draw.next(TOKENS.length)]).join(
    draw.next(2) === 0 ? ' ' : ''
  );
}

function randomCharacters(draw: Draw): string {
  return String.fromCharCode(
    ...Array.from({ length: draw.next(40) }, () => draw.next(draw.next(10) === 0 ? 0x10000 : 0x80))
  );
}

// Deep, long and wide inputs, which ought to be refused or read quickly.
function heavy(draw: Draw): string {
  const times = 1 + draw.next(3000);
  const shapes = [
    () => `{ ${'('.repeat(times)}true${')'.repeat(times)} }`,
    () => `{ ${'!'.repeat(times)}.a }`,
    () => `{ ${'-'.repeat(times)}1 = 1 }`,
    () => `${'('.repeat(times)}{ }`,
    () => `{ ${Array.from({ length: times }, (_, i) => `.a = ${i}`).join(' || ')} }`,
    () => `{ .a ${'^ .b '.repeat(times)} }`,
    () => `${'{ } > '.repeat(times)}{ }`,
    () => `{ } ${'| { .a } '.repeat(times)}`,
    () => `{ .a =~ "${'(a|b)*'.repeat(times)}" }`,
    () => `{ .a =~ "${'(a{1,50})*'.repeat(1 + (times % 20))}" }`,
    () => `{ ."${'x'.repeat(times * 20)}" }`,
    () => `({} | rate()) ${'+ 1 '.repeat(times)}`,
  ];
  return (shapes[draw.next(shapes.length)] ?? (() => ''))();
}

export interface FuzzResult {
  inputs: number;
  accepted: number;
  /** What went wrong: an error without a code, a print that does not read back, a parse that took too long. */
  failures: string[];
  slowestMs: number;
}

const MOST_MS = 50;
/** What takes longer is timed again: another process or a garbage collection may have had the processor. */
const TIMED_AGAIN_MS = 2;

function check(text: string, failures: string[]): boolean {
  const fail = (what: string, error: unknown) =>
    failures.push(`${what}: ${JSON.stringify(text).slice(0, 300)}: ${String(error)}`);
  let accepted = false;
  try {
    const printed = printQuery(parseQuery(text));
    accepted = true;
    try {
      const again = printQuery(parseQuery(printed));
      if (again !== printed) {
        fail('print is no fixed point', `${printed} / ${again}`);
      }
    } catch (error) {
      fail('print does not read back', `${printed}: ${String(error)}`);
    }
  } catch (error) {
    if (!(error instanceof GentError) || !error.code.startsWith('TRACEQL_')) {
      fail('error without a code', error);
    }
  }
  return accepted;
}

/** Milliseconds by the clock or, where other work holds the machine up, of the processors: whichever is less. */
function timeToParse(text: string): number {
  const used = process.cpuUsage();
  const started = performance.now();
  try {
    parseQuery(text);
  } catch {
    // Judged by check().
  }
  const clock = performance.now() - started;
  const { user, system } = process.cpuUsage(used);
  return Math.min(clock, (user + system) / 1000);
}

function checkOthers(text: string, failures: string[]): void {
  try {
    parseIncomplete(text);
  } catch (error) {
    failures.push(`parseIncomplete threw: ${JSON.stringify(text).slice(0, 300)}: ${String(error)}`);
  }
  try {
    parseTagName(text);
  } catch (error) {
    if (!(error instanceof GentError)) {
      failures.push(`parseTagName: ${JSON.stringify(text).slice(0, 300)}: ${String(error)}`);
    }
  }
}

/** Runs `inputs` inputs from `seed`; stops early after 20 failures. */
export function fuzzTraceql(inputs: number, seed: number, log: (line: string) => void = () => undefined): FuzzResult {
  const draw = seededDraw(seed);
  const writer = new QueryWriter(draw);
  const result: FuzzResult = { inputs: 0, accepted: 0, failures: [], slowestMs: 0 };
  for (let i = 0; i < inputs && result.failures.length < 20; i++) {
    const kind = i % 1000 === 999 ? 9 : draw.next(8);
    const text =
      kind === 9
        ? heavy(draw)
        : kind < 2
          ? writer.query()
          : kind < 5
            ? mutate(writer.query(), draw)
            : kind < 7
              ? randomTokens(draw)
              : randomCharacters(draw);
    if (check(text, result.failures)) {
      result.accepted++;
    } else if (kind < 2) {
      result.failures.push(`refused a query of the grammar: ${text}`);
    }
    if (i % 10 === 0) {
      checkOthers(text, result.failures);
    }
    // The least of several times is what the parse itself takes.
    let elapsed = timeToParse(text);
    for (let again = 0; elapsed > TIMED_AGAIN_MS && again < 5; again++) {
      elapsed = Math.min(elapsed, timeToParse(text));
    }
    if (elapsed > MOST_MS) {
      result.failures.push(
        `took ${elapsed.toFixed(0)} ms: ${JSON.stringify(text).slice(0, 200)} (${text.length} characters)`
      );
    }
    result.slowestMs = Math.max(result.slowestMs, elapsed);
    result.inputs++;
    if (i % 200_000 === 199_999) {
      log(`traceql: ${i + 1} inputs, ${result.accepted} accepted, slowest ${result.slowestMs.toFixed(1)} ms`);
    }
  }
  return result;
}

/** What the fuzz runner calls. */
export const name = 'traceql';
export function run(options: { inputs: number; seed: number; log: (line: string) => void }): string[] {
  const result = fuzzTraceql(options.inputs, options.seed, options.log);
  options.log(
    `traceql: ${result.inputs} inputs from seed ${options.seed}, ${result.accepted} accepted, slowest ${result.slowestMs.toFixed(1)} ms, ${result.failures.length} failures`
  );
  return result.failures;
}
