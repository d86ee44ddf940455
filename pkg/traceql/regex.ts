/** @file Regular expressions with RE2's syntax, meaning and linear time, compiled once. */
import { RE2JS } from 're2js';
import { limit } from '../common';

/** Tests a whole string against an expression. */
export type Matcher = (text: string) => boolean;

const cache = new Map<string, Matcher>();

// A repetition {n} is compiled as n copies. RE2 refuses nested ones of more than 1000 copies in all; their sum is bounded
// here, before anything is compiled.
function copies(pattern: string): number {
  let sum = 1;
  for (const found of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    sum += Number(found[2] === undefined || found[2] === '' ? found[1] : found[2]);
  }
  return sum;
}

/**
 * Compiles an expression as TraceQL means it: anchored at both ends, `.` matches newlines too.
 * @throws Error with a reason when it is not RE2 syntax or over the limits
 */
export function compileRegex(pattern: string): Matcher {
  const known = cache.get(pattern);
  if (known !== undefined) {
    return known;
  }
  if (pattern.length > limit('TRACEQL_REGEX_CHARACTERS')) {
    throw new Error(`a regular expression may have ${limit('TRACEQL_REGEX_CHARACTERS')} characters`);
  }
  if (copies(pattern) * pattern.length > limit('TRACEQL_REGEX_CHARACTERS') * 10) {
    throw new Error('its repetitions {n} make too large a program');
  }
  const program = RE2JS.compile(pattern, RE2JS.DOTALL);
  const mostResults = limit('TRACEQL_REGEX_CACHE');
  const results = new Map<string, boolean>();
  const matcher: Matcher = (text) => {
    const remembered = results.get(text);
    if (remembered !== undefined) {
      return remembered;
    }
    const result = program.testExact(text);
    if (text.length <= 256) {
      if (results.size >= mostResults) {
        results.clear();
      }
      results.set(text, result);
    }
    return result;
  };
  if (cache.size >= limit('TRACEQL_REGEX_CACHE')) {
    cache.clear();
  }
  cache.set(pattern, matcher);
  return matcher;
}
