/** @file A short run of the TraceQL fuzzer, and the printer on generated queries. `npm run fuzz` runs the long one. */
import fc from 'fast-check';
import { parseQuery, printQuery } from '../../pkg/traceql';
import { fuzzTraceql } from './traceql.fuzz';
import { arbitraryQuery } from './traceql-grammar';

describe('TraceQL under fuzzing', () => {
  it('refuses with a code or reads, whatever the input', () => {
    const result = fuzzTraceql(20_000, 7);
    // How long a parse takes is judged by the long run, not here.
    expect(result.failures.filter((failure) => !failure.startsWith('took'))).toEqual([]);
    expect(result.accepted).toBeGreaterThan(4000);
  });

  it('prints what it reads back to the same text', () => {
    fc.assert(
      fc.property(arbitraryQuery, (text) => {
        const printed = printQuery(parseQuery(text));
        expect(printQuery(parseQuery(printed))).toBe(printed);
        // What Tempo would print of it does not change either.
        expect(printQuery(parseQuery(printed), { likeTempo: true })).toBe(
          printQuery(parseQuery(text), { likeTempo: true })
        );
      }),
      { seed: 1, numRuns: 3000 }
    );
  });
});
