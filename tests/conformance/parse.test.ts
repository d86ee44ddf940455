/** @file The language cases: every valid query prints canonically and reads back, every invalid one is refused. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GentError } from '../../pkg/common';
import { parseQuery, printQuery } from '../../pkg/traceql';

const dir = path.resolve(__dirname, '../../../shared/conformance/tempo-derived');
const present = existsSync(dir);
const describeIf = present ? describe : describe.skip;

interface ValidCase {
  query: string;
  canonical: string;
}
interface InvalidCase {
  query: string;
  stage: 'parse' | 'validate' | 'unsupported';
  error: string;
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as T;
}

describeIf(`parsing (cases derived from Tempo's tests${present ? '' : ': not present, skipped'})`, () => {
  it('prints the canonical form of every valid query, and reads its own text back', () => {
    const cases = read<ValidCase[]>('parse_valid.json');
    const failures: string[] = [];
    for (const { query, canonical } of cases) {
      try {
        const parsed = parseQuery(query);
        const printed = printQuery(parsed, { likeTempo: true });
        if (printed !== canonical) {
          failures.push(`${query}\n  printed   ${printed}\n  canonical ${canonical}`);
        }
        const own = printQuery(parsed);
        const again = printQuery(parseQuery(own));
        if (again !== own) {
          failures.push(`${query}\n  own   ${own}\n  again ${again}`);
        }
      } catch (error) {
        failures.push(`${query}\n  ${String(error)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(1001);
  });

  it('refuses every invalid query, at its stage', () => {
    const cases = read<InvalidCase[]>('parse_invalid.json');
    const codes = { parse: 'TRACEQL_SYNTAX', validate: 'TRACEQL_INVALID', unsupported: 'TRACEQL_UNSUPPORTED' };
    const failures: string[] = [];
    for (const { query, stage, error } of cases) {
      try {
        failures.push(`accepted: ${query} as ${printQuery(parseQuery(query))}; Tempo: ${error}`);
      } catch (thrown) {
        const code = thrown instanceof GentError ? thrown.code : String(thrown);
        if (code !== codes[stage]) {
          failures.push(`${query}: ${code} ${String(thrown)}, Tempo at ${stage}: ${error}`);
        }
      }
    }
    expect(failures).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(348);
  });
});
