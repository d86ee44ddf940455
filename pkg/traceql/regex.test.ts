/** @file Regular expressions: RE2's meaning, whole strings, and no catastrophic backtracking. */
import { compileRegex } from './regex';

describe('expressions', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'abc', false],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'a\nc', true],
    ['a|b', 'b', true],
    ['GET|POST', 'GETPOST', false],
    ['(?i)error', 'ERROR', true],
    ['\\pL+', 'Größe', true],
    ['[[:alpha:]]+', 'abc', true],
    ['a\\z', 'a', true],
    ['^a$', 'a', true],
    ['.', '🤘', true],
    ['[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '01234567-89ab-cdef-0123-456789abcdef', true],
  ])('%j on %j is %s', (pattern, text, matches) => {
    const matcher = compileRegex(pattern);
    expect(matcher(text)).toBe(matches);
    expect(matcher(text)).toBe(matches);
  });

  it.each([
    '(',
    'a)(b',
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '[z-a]',
    'a{2000}',
    '(a{1000}){1000}',
    'a{1,1000}'.repeat(100),
    '*',
  ])('refuses %j', (pattern) => {
    expect(() => compileRegex(pattern)).toThrow();
  });

  // A backtracking engine would need 2^n steps for these: it would not end within the age of the universe.
  it.each(['(a+)+b', '(a|a)*b', '(a|aa)+b', '(.*)*(.*)*(.*)*b', '((a*)*)*b', '(a?){200}a{200}b'])(
    '%s ends on long input',
    (pattern) => {
      const text = 'a'.repeat(20_000);
      expect(compileRegex(pattern)(text)).toBe(false);
      expect(compileRegex(pattern)(`${text}c`)).toBe(false);
      expect(compileRegex(pattern)('aaab')).toBe(/^\(a\?\)/.test(pattern) ? false : true);
    }
  );
});
