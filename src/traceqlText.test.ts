import { addAdHocFilters, adHocCondition, interpolateValue, isMetricsText, isTraceId, quote } from './traceqlText';

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

describe('adHocCondition', () => {
  it.each([
    [{ key: 'resource.service.name', operator: '=', value: 'cart' }, 'resource.service.name="cart"'],
    [{ key: 'status', operator: '!=', value: 'error' }, 'status!=error'],
    [{ key: 'name', operator: '=~', value: 'GET.*' }, 'name=~"GET.*"'],
    [{ key: 'http.route', operator: '=', value: '/a' }, '.http.route="/a"'],
    [{ key: 'duration', operator: '>', value: '100ms' }, 'duration>100ms'],
    [{ key: 'span.a', operator: '=|', value: 'x', values: ['x.1', 'y'] }, 'span.a=~"x\\\\.1|y"'],
    [{ key: '', operator: '=', value: 'x' }, undefined],
  ])('%p is %p', (filter, expected) => {
    expect(adHocCondition(filter)).toBe(expected);
  });
});

describe('addAdHocFilters', () => {
  const filters = [{ key: 'span.a', operator: '=', value: '1' }];
  it.each([
    ['{ }', '{ span.a="1" }'],
    ['{ status = error }', '{ (status = error) && span.a="1" }'],
    ['{ a } >> { b } | rate()', '{ (a) && span.a="1" } >> { (b) && span.a="1" } | rate()'],
    ['{ name = "}" }', '{ (name = "}") && span.a="1" }'],
    ['{ name = `{` || .x = "\\"}" }', '{ (name = `{` || .x = "\\"}") && span.a="1" }'],
    ['abcdef0123', 'abcdef0123'],
    ['{ unfinished', '{ unfinished'],
  ])('%p becomes %p', (query, expected) => {
    expect(addAdHocFilters(query, filters)).toBe(expected);
  });

  it('leaves a query alone without filters', () => {
    expect(addAdHocFilters('{ }', [])).toBe('{ }');
    expect(addAdHocFilters('{ }', undefined)).toBe('{ }');
  });
});
