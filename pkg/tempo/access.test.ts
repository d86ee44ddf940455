/** @file Tokens of a file: what counts as one, and changes while the server runs. */
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tokenFileAccess } from './access';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-token-'));
  file = path.join(directory, 'tokens');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('one token a line; comments, empty lines and white space around do not count', () => {
  writeFileSync(file, '# for Grafana\n\n  one  \r\ntwo#2\n');
  const access = tokenFileAccess(file);
  const asked = ['one', 'two#2', '# for Grafana', 'two', '', 'One'].map((token) => access(`Bearer ${token}`));
  expect(asked).toEqual([true, true, false, false, false, false]);
  expect([access(undefined), access(''), access('one'), access('Digest one')]).toEqual([false, false, false, false]);
});

test('a changed file counts after a second; while it is away or empty, the last tokens hold', () => {
  let time = 0;
  writeFileSync(file, 'old');
  const access = tokenFileAccess(file, () => time);
  writeFileSync(file, 'newer');
  expect([access('Bearer old'), access('Bearer newer')]).toEqual([true, false]);
  time = 1000;
  expect([access('Bearer old'), access('Bearer newer')]).toEqual([false, true]);
  unlinkSync(file);
  time = 2000;
  expect(access('Bearer newer')).toBe(true);
  writeFileSync(file, '# none');
  time = 3000;
  expect(access('Bearer newer')).toBe(true);
});

test.each([
  ['that is not there', undefined],
  ['without a token', '# none\n\n'],
])('a file %s is an error at once', (_, text) => {
  if (text !== undefined) {
    writeFileSync(file, text);
  }
  expect(() => tokenFileAccess(file)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
});
