import type { TraceFilter } from '../types';
import { filterCondition, filtersFromTraceql, traceqlFromFilters } from './filters';

const filter = (given: Partial<TraceFilter>): TraceFilter => ({
  id: 'f',
  tag: 'a',
  operator: '=',
  value: 'x',
  ...given,
});

describe('filterCondition', () => {
  it.each<[Partial<TraceFilter>, string | undefined]>([
    [{ scope: 'resource', tag: 'service.name', value: 'cart' }, 'resource.service.name = "cart"'],
    [{ scope: 'intrinsic', tag: 'name', value: 'GET "a"' }, 'name = "GET \\"a\\""'],
    [{ scope: 'intrinsic', tag: 'status', value: 'error' }, 'status = error'],
    [{ tag: 'status', value: ['error', 'unset'] }, '(status = error || status = unset)'],
    [{ tag: 'status', value: ['error', 'unset'], operator: '!=' }, '(status != error && status != unset)'],
    [{ tag: 'duration', operator: '>=', value: '100ms', valueType: 'duration' }, 'duration >= 100ms'],
    [{ scope: 'span', value: ['x', 'y'], operator: '=~' }, 'span.a =~ "x|y"'],
    [{ scope: 'span', value: '200' }, 'span.a = 200'],
    [{ scope: 'span', value: '200', valueType: 'string' }, 'span.a = "200"'],
    [{ scope: 'span', value: 'true' }, 'span.a = true'],
    [{ scope: 'unscoped', tag: 'http.route', value: '/a' }, '.http.route = "/a"'],
    [{ tag: 'http.route', value: '/a' }, '.http.route = "/a"'],
    [{ tag: 'span.http.route', value: '/a' }, 'span.http.route = "/a"'],
    [{ scope: 'span', tag: 'a b', value: 'x' }, 'span."a b" = "x"'],
    [{ scope: 'span', value: '' }, undefined],
    [{ scope: 'span', value: [] }, undefined],
    [{ scope: 'span', tag: '', value: 'x' }, undefined],
  ])('%p is %p', (given, expected) => {
    expect(filterCondition(filter(given))).toBe(expected);
  });
});

describe('traceqlFromFilters', () => {
  it('joins what is complete', () => {
    expect(traceqlFromFilters([])).toBe('{ }');
    expect(
      traceqlFromFilters([
        filter({ scope: 'resource', tag: 'service.name', value: 'cart' }),
        filter({ tag: '' }),
        filter({ tag: 'duration', operator: '>', value: '1s' }),
      ])
    ).toBe('{ resource.service.name = "cart" && duration > 1s }');
  });
});

describe('filtersFromTraceql', () => {
  it.each([
    '{ }',
    '{ resource.service.name = "cart" && status = error }',
    '{ span."a b" != "x" && .http.code >= 500 }',
    '{ name =~ "GET.*" && duration > 1.5s }',
    '{ span.ok = true && kind = server }',
  ])('reads %s and writes it again', (text) => {
    const filters = filtersFromTraceql(text);
    expect(filters).toBeDefined();
    expect(traceqlFromFilters(filters ?? [])).toBe(text);
  });

  it.each([
    '',
    '{ a',
    '{ .a = 1 || .b = 2 }',
    '{ .a = 1 } >> { .b = 2 }',
    '{ .a = 1 } | rate()',
    '{ .a = .b + 1 }',
    '{ .a }',
    '{ .a = 1 && }',
    '{ 1 = .a }',
    '{ (.a = 1) }',
  ])('leaves %p alone', (text) => {
    expect(filtersFromTraceql(text)).toBeUndefined();
  });
});
