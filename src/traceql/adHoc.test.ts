import { addAdHocFilters, adHocCondition } from './adHoc';

describe('adHocCondition', () => {
  it.each([
    [{ key: 'resource.service.name', operator: '=', value: 'cart' }, 'resource.service.name = "cart"'],
    [{ key: 'status', operator: '!=', value: 'error' }, 'status != error'],
    [{ key: 'status', operator: '=|', value: 'error', values: ['error', 'ok'] }, '(status = error || status = ok)'],
    [{ key: 'name', operator: '=~', value: 'GET.*' }, 'name =~ "GET.*"'],
    [{ key: 'http.route', operator: '=', value: '/a' }, '.http.route = "/a"'],
    [{ key: 'duration', operator: '>', value: '100ms' }, 'duration > 100ms'],
    [{ key: 'span.code', operator: '=', value: '200' }, '(span.code = 200 || span.code = "200")'],
    [{ key: 'span.code', operator: '!=', value: '200' }, 'span.code != nil && !(span.code = 200 || span.code = "200")'],
    [{ key: 'span.code', operator: '>', value: '200' }, 'span.code > 200'],
    [{ key: 'span.a', operator: '=|', value: 'x', values: ['x.1', 'y'] }, '(span.a = "x.1" || span.a = "y")'],
    [{ key: 'span.a', operator: '!=|', value: 'x', values: ['x', 'y'] }, '(span.a != "x" && span.a != "y")'],
    [{ key: '', operator: '=', value: 'x' }, undefined],
    [{ key: 'span.a', operator: '', value: 'x' }, undefined],
  ])('%p is %p', (filter, expected) => {
    expect(adHocCondition(filter)).toBe(expected);
  });
});

describe('addAdHocFilters', () => {
  const filters = [{ key: 'span.a', operator: '=', value: 'x' }];
  it.each([
    ['{ }', '{ span.a = "x" }'],
    ['{ status = error }', '{ (status = error) && span.a = "x" }'],
    ['{ a } >> { b } | rate()', '{ (a) && span.a = "x" } >> { (b) && span.a = "x" } | rate()'],
    ['{ name = "}" }', '{ (name = "}") && span.a = "x" }'],
    ['{ name = `{` || .x = "\\"}" }', '{ (name = `{` || .x = "\\"}") && span.a = "x" }'],
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
