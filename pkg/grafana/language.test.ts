import { checkQuery, describeLanguage } from './language';

describe('checkQuery', () => {
  it.each([
    ['', { kind: 'empty' }],
    ['{status=error}', { kind: 'search', formatted: '{ status = error }' }],
    ['{}|rate()', { kind: 'metrics', formatted: '{ } | rate()' }],
  ])('%p is %p', (text, expected) => {
    expect(checkQuery(text)).toEqual(expected);
  });

  it.each([
    ['{ foo = 1 }', 1, 3, 6],
    ['{\n  name = }', 2, 10, 11],
    ['{ status = "error" }', 1, 10, 11],
    ['{ .a = "open', 1, 8, 13],
    ['{ } |', 1, 6, 7],
  ])('%p is wrong at line %d, columns %d to %d', (text, line, column, endColumn) => {
    const checked = checkQuery(text);
    expect(checked).toMatchObject({ kind: 'error', error: { line, column, endColumn } });
    expect(JSON.stringify(checked)).not.toMatch(/line \d/);
  });
});

describe('describeLanguage', () => {
  it('names every spelling of an intrinsic', () => {
    const { intrinsics } = describeLanguage();
    expect(intrinsics).toContainEqual(expect.objectContaining({ bare: 'duration', scoped: 'span:duration' }));
    expect(JSON.parse(JSON.stringify(describeLanguage()))).toEqual(describeLanguage());
  });
});
