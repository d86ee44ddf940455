import { interpolateValue, isMetricsText, isTraceId, quote } from './text';

describe('isTraceId', () => {
  it.each([
    ['8b51e36eaee3265bec099d0c5c63fd37', true],
    [' ABCDEF ', true],
    ['{ }', false],
    ['', false],
    ['8b51e36eaee3265bec099d0c5c63fd370', false],
    ['g', false],
  ])('%p is %p', (text, expected) => {
    expect(isTraceId(text)).toBe(expected);
  });
});

describe('isMetricsText', () => {
  it.each([
    ['{ } | rate()', true],
    ['{ } | quantile_over_time(duration, .9)', true],
    ['{ } | compare({status=error})', true],
    ['{ } | count() > 2', false],
    ['{ name = "rate()" }', false],
  ])('%p is %p', (text, expected) => {
    expect(isMetricsText(text)).toBe(expected);
  });
});

describe('quote', () => {
  it('escapes what would end the literal', () => {
    expect(quote('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"');
  });
});

describe('interpolateValue', () => {
  it.each([
    ['cart', {}, 'cart'],
    ['a"b', {}, 'a\\"b'],
    ['a.b', {}, 'a.b'],
    ['a.b', { multi: true }, 'a\\\\.b'],
    [['a.b', 'c'], { multi: true }, 'a\\\\.b|c'],
    [['a.b'], { multi: true }, 'a.b'],
    [5, {}, '5'],
  ])('%p with %p is %p', (value, variable, expected) => {
    expect(interpolateValue(value as string | string[] | number, variable)).toBe(expected);
  });
});
