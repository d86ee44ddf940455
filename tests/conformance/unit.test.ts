/** @file The unit cases: mock spans through pipelines, operators and metrics functions. */
import { GentError } from '../../pkg/common';
import { compileMetrics, compileSearch, parseQuery, type Series } from '../../pkg/traceql';
import { DERIVED, describeDerived, readCases } from './fixtures';
import { mockTrace, mockValue, type MockSpan } from './mocks';

interface MockSet {
  spans: MockSpan[] | null;
  attributes?: Array<{ name: string; value: { type: string; value?: unknown } }>;
}
interface UnitCase {
  id: string;
  kind: string;
  query: string;
  input?: Array<MockSet | null> | null;
  expect?: Array<MockSet | null> | null;
  expectError?: string;
}
interface BinaryCase {
  id: string;
  op: string;
  lhs: { type: string; value?: unknown };
  rhs: { type: string; value?: unknown };
  result: { type: string; value?: boolean };
  error: string;
}
interface MetricsUnit {
  id: string;
  query: string;
  start: string;
  end: string;
  step: string;
  instant: boolean;
  batches: MockSpan[][];
  series: Array<{
    labels: Array<{ name: string; value: { type: string; value?: unknown } }>;
    values: Array<number | string>;
  }>;
}

/** Where this engine means something else, or the case cannot be put as a query; see docs/traceql.md. */
const DIFFERENT = new Map<string, string>([
  ['unit-013', 'its two spansets of one trace are no result of an earlier stage'],
  ['unit-023', 'two of its spans have the same numbers: no tree has such spans'],
  ['unit-026', 'two of its spans have the same numbers: no tree has such spans'],
]);

function text(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
}

function present<T>(list: Array<T | null> | null | undefined): T[] {
  return (list ?? []).filter((one): one is T => one !== null);
}

function spanText(span: MockSpan): string {
  return text([span.id ?? '', span.nestedSetLeft ?? 0, span.attributes ?? []]);
}

function runUnit(one: UnitCase): string[] | string {
  try {
    const run = compileSearch(parseQuery(one.query), { spansPerSpanSet: 0 });
    return present(one.input).flatMap((set) => {
      const mocks = set.spans ?? [];
      const summary = run(mockTrace(mocks));
      return (summary?.spanSets ?? []).map((found) => {
        const spans = found.spans.map(({ spanId }) => spanText(mocks[Number(spanId.slice('span-'.length))] ?? {}));
        return text([spans.sort(), found.attributes.map(({ key, value }) => text([key, value])).sort()]);
      });
    });
  } catch (error) {
    return error instanceof GentError ? 'error' : String(error);
  }
}

// Durations added by aggregates are text here, as answers carry them.
function answered(value: { type: string; value?: unknown }): unknown {
  return value.type === 'duration' ? `${Number(value.value) / 1e6}ms` : mockValue(value);
}

describeDerived('units', () => {
  it('runs every pipeline over its mock spans', () => {
    const cases = readCases<{ cases: UnitCase[] }>(DERIVED, 'exec_cases.json').cases.filter(
      ({ kind }) => kind === 'unit-spanset'
    );
    const failures: string[] = [];
    for (const one of cases) {
      const got = runUnit(one);
      const wanted = present(one.expect).map((set) =>
        text([
          (set.spans ?? []).map(spanText).sort(),
          (set.attributes ?? []).map(({ name, value }) => text([name, answered(value)])).sort(),
        ])
      );
      // An invalid query is not run by Tempo's engine either: its mock evaluation of it is empty.
      const ok =
        one.expectError !== undefined
          ? got === 'error'
          : typeof got === 'string'
            ? wanted.length === 0
            : text(got.sort()) === text(wanted.sort());
      if (!ok && !DIFFERENT.has(one.id)) {
        failures.push(
          `${one.id} ${one.query}\n  got      ${text(got)}\n  expected ${text(wanted)} ${one.expectError ?? ''}`
        );
      }
    }
    expect(failures).toEqual([]);
    expect(cases.length).toBe(144);
  });

  it('applies every operator that a query can write', () => {
    const { binops } = readCases<{ binops: BinaryCase[] }>(DERIVED, 'exec_cases.json');
    const literal = ({ type, value }: { type: string; value?: unknown }): string =>
      type === 'string' ? JSON.stringify(value) : String(value);
    const failures: string[] = [];
    let written = 0;
    for (const one of binops) {
      const elements = one.rhs.type.endsWith('[]')
        ? (one.rhs.value as unknown[]).map((value) => literal({ type: one.rhs.type.slice(0, -2), value }))
        : undefined;
      const chain = (operator: string, join: string) =>
        (elements ?? []).map((e) => `.l ${operator} ${e}`).join(` ${join} `);
      const forms: Record<string, string | undefined> = {
        // Lists are written as chains; there are no array literals.
        IN: elements && chain('=', '||'),
        'NOT IN': elements && chain('!=', '&&'),
        'MATCH ANY': elements && one.rhs.type === 'string[]' ? chain('=~', '||') : undefined,
        'MATCH NONE': elements && one.rhs.type === 'string[]' ? chain('!~', '&&') : undefined,
        '=~': elements ? chain('=~', '||') : `.l =~ ${literal(one.rhs)}`,
        '!~': elements ? chain('!~', '&&') : `.l !~ ${literal(one.rhs)}`,
      };
      const condition = one.op in forms ? forms[one.op] : `.l ${one.op} .r`;
      if (condition === undefined) {
        continue;
      }
      if (one.error !== '' && one.op === 'NOT IN') {
        continue;
      }
      written++;
      const attributes = [
        { name: 'l', scope: 'span', value: one.lhs },
        { name: 'r', scope: 'span', value: one.rhs },
      ];
      let got: boolean | string;
      try {
        got = compileSearch(parseQuery(`{ ${condition} }`))(mockTrace([{ attributes }])) !== undefined;
      } catch (error) {
        got = error instanceof GentError ? 'error' : String(error);
      }
      const wanted = one.error === '' ? one.result.value : 'error';
      if (got !== wanted) {
        failures.push(`${one.id} { ${condition} } got ${String(got)} expected ${String(wanted)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(written).toBe(17);
  });

  it('computes every metrics function over its mock spans, in one source and in several merged', () => {
    const { unit } = readCases<{ unit: MetricsUnit[] }>(DERIVED, 'metrics_cases.json');
    const failures: string[] = [];
    for (const one of unit) {
      let got: Series[] | string;
      try {
        const total = compileMetrics(parseQuery(one.query), {
          start: BigInt(one.start),
          end: BigInt(one.end),
          step: BigInt(one.step),
          instant: one.instant,
        });
        for (const batch of one.batches) {
          const part = total.fresh();
          part.observe(mockTrace(batch));
          total.merge(part);
        }
        got = total.result();
      } catch (error) {
        got = String(error);
      }
      // Mock spans have no intrinsics; real ones do, and compare() reports them.
      const comparing = one.query.includes('compare(');
      const mine =
        typeof got === 'string'
          ? got
          : got
              .filter(({ labels }) => !comparing || labels.some(({ key }) => key.startsWith('span.')))
              .map(seriesText)
              .sort();
      const wanted = one.series
        .map(({ labels, values }) =>
          text([
            labels.map(({ name, value }) => text([name, mockValue(value)])),
            values
              .filter((value) => value !== 'NaN')
              .map((value) => rounded(Number(String(value).replace('Inf', 'Infinity')))),
          ])
        )
        .filter((line) => !line.endsWith(',[]]'))
        .sort();
      if (text(mine) !== text(wanted) && !DIFFERENT.has(one.id)) {
        failures.push(`${one.id} ${one.query}\n  got      ${text(mine)}\n  expected ${text(wanted)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(unit.length).toBe(120);
  });
});

function rounded(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(10) : String(value);
}

function seriesText({ labels, samples }: Series): string {
  return text([labels.map(({ key, value }) => text([key, value])), samples.map(({ value }) => rounded(value))]);
}
