/** @file The search cases over real fixtures: same traces, same spansets, same spanset attributes. */
import { GentError } from '../../pkg/common';
import type { Trace } from '../../pkg/trace';
import { compileSearch, parseQuery } from '../../pkg/traceql';
import { DERIVED, describeDerived, OURS, readCases, readFixture, toAnyValue } from './fixtures';

interface ExpectedSet {
  spans: string[];
  attributes?: Array<{ key: string; value: unknown }>;
  matched?: number;
}
interface Expectation {
  traces?: Record<string, ExpectedSet[]>;
  error?: string;
}
interface SearchCase {
  id: string;
  kind: string;
  fixture: string;
  query: string;
  spss?: number;
  agreement?: 'same' | 'same-error-class' | 'tempo-only' | 'diverge';
  cause?: string;
  expect?: Expectation;
  engine?: Expectation;
  tempo?: Expectation;
}

/** Where this engine means something else than the case, on purpose: each is a line of docs/traceql.md. */
const DIFFERENT = new Map<string, string>(
  // All of them relate every span to every span of a trace whose root was not received: true parent links still hold there.
  ['440', '445', '446', '447', '448', '449', '450', '451'].map((number) => [`suite1-s${number}`, 'incomplete trace'])
);

function bareId(id: string): string {
  return id.replace(/^0+/, '');
}

function answer(query: string, traces: readonly Trace[], spss: number): Expectation {
  let run;
  try {
    run = compileSearch(parseQuery(query), { spansPerSpanSet: spss });
  } catch (error) {
    return { error: error instanceof GentError ? error.code : `not coded: ${String(error)}` };
  }
  const found: Record<string, ExpectedSet[]> = {};
  try {
    for (const trace of traces) {
      const summary = run(trace);
      if (summary !== undefined) {
        found[bareId(summary.traceId)] = summary.spanSets.map((set) => ({
          spans: set.spans.map((span) => span.spanId).sort(),
          ...(set.matched > set.spans.length ? { matched: set.matched } : {}),
          ...(set.attributes.length > 0
            ? { attributes: set.attributes.map(({ key, value }) => ({ key, value: toAnyValue(value) })) }
            : {}),
        }));
      }
    }
  } catch (error) {
    return { error: error instanceof GentError ? error.code : `not coded: ${String(error)}` };
  }
  return { traces: found };
}

// Neither the order of spansets nor the order of their attributes is part of an expectation.
function normal(expectation: Expectation): unknown {
  if (expectation.error !== undefined) {
    return expectation.error.startsWith('not coded') ? expectation : 'error';
  }
  return Object.entries(expectation.traces ?? {})
    .map(([id, sets]) => [
      bareId(id),
      sets
        .map((set) =>
          JSON.stringify([
            set.spans,
            set.matched ?? set.spans.length,
            (set.attributes ?? []).map((attribute) => JSON.stringify(attribute)).sort(),
          ])
        )
        .sort(),
    ])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

function expected(one: SearchCase): Expectation {
  if (one.agreement === 'diverge') {
    // The engine stops at ! and - of nil; storage gives it only spans where they are defined: the others do not match.
    return (one.cause === 'nil-unary-error' ? one.tempo : one.engine) ?? {};
  }
  return one.expect ?? {};
}

function runAll(dir: string, file: string, wanted: { passed: number; different: number }): void {
  const cases = readCases<{ cases: SearchCase[] }>(dir, file).cases.filter((one) => one.kind === 'e2e-search');
  const fixtures = new Map<string, Trace[]>();
  const failures: string[] = [];
  const differing: string[] = [];
  let passed = 0;
  for (const one of cases) {
    // Time ranges and limits are the request's, not the language's.
    if (one.agreement === 'tempo-only' && one.spss === undefined) {
      continue;
    }
    const traces = fixtures.get(one.fixture) ?? readFixture(dir, one.fixture);
    fixtures.set(one.fixture, traces);
    const got = answer(one.query, traces, one.spss ?? 0);
    // Both stop at ! and - of values they are not defined for; here such spans do not match.
    const unary = one.agreement === 'same-error-class';
    const ok = unary ? got.error === undefined : JSON.stringify(normal(got)) === JSON.stringify(normal(expected(one)));
    if (ok) {
      passed++;
    } else if (DIFFERENT.has(one.id)) {
      differing.push(one.id);
    } else {
      failures.push(
        `${one.id} ${one.agreement ?? ''} ${one.cause ?? ''} ${one.query}\n  got      ${JSON.stringify(normal(got)).slice(0, 700)}\n  expected ${JSON.stringify(normal(expected(one))).slice(0, 700)} ${expected(one).error ?? ''}`
      );
    }
  }
  expect(failures).toEqual([]);
  expect({ passed, different: differing.length }).toEqual(wanted);
}

describe('search', () => {
  it('answers every case', () => {
    runAll(OURS, 'search_cases.json', { passed: 396, different: 8 });
  });
});

describeDerived('search', () => {
  it('answers every case', () => {
    runAll(DERIVED, 'exec_cases.json', { passed: 608, different: 0 });
  });
});
