/** @file Parsing: positions, messages, precedence, limits, incomplete queries, tag names. */
import { GentError } from '../common';
import { parseIncomplete, parseQuery, parseTagName, printAttribute, printQuery, TraceqlError } from './index';

function errorOf(text: string): TraceqlError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof TraceqlError) {
      return error;
    }
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('errors', () => {
  it.each([
    ['{ .a = }', 'TRACEQL_SYNTAX', 1, 8, 'unexpected }'],
    ['{ .a = 1 &&\n  .b = }', 'TRACEQL_SYNTAX', 2, 8, 'unexpected }'],
    ['', 'TRACEQL_SYNTAX', 1, 1, 'unexpected the end of the query'],
    ["{ .a = 'x' }", 'TRACEQL_SYNTAX', 1, 8, 'double quotes'],
    ['{ .a = "x }', 'TRACEQL_SYNTAX', 1, 8, 'not closed'],
    ['{ a = 1 }', 'TRACEQL_SYNTAX', 1, 3, 'span.a'],
    ['{ . a = 1 }', 'TRACEQL_SYNTAX', 1, 3, 'without a space'],
    ['{ .a = 9223372036854775808 }', 'TRACEQL_SYNTAX', 1, 8, '64-bit'],
    ['{ .a = 1.5d }', 'TRACEQL_SYNTAX', 1, 8, 'duration'],
    ['{ span:foo = 1 }', 'TRACEQL_SYNTAX', 1, 3, 'span:duration'],
    ['{ /* open }', 'TRACEQL_SYNTAX', 1, 3, 'comment'],
    ['{ .a > nil }', 'TRACEQL_SYNTAX', 1, 8, 'nil'],
    ['5 > 3', 'TRACEQL_SYNTAX', 1, 3, 'aggregate'],
    ['coalesce()', 'TRACEQL_SYNTAX', 1, 1, 'first stage'],
    ['({ } | count() > 1) >> { }', 'TRACEQL_SYNTAX', 1, 21, 'parentheses'],
    ['({ }) && ({ } | count() > 1)', 'TRACEQL_SYNTAX', 1, 7, 'left side'],
    ['({ } | rate()) * 2s', 'TRACEQL_SYNTAX', 1, 18, 'duration'],
    ['{ name }', 'TRACEQL_INVALID', 1, 1, 'string'],
    ['{ duration = "x" }', 'TRACEQL_INVALID', 1, 12, 'compares duration with string'],
    ['{ .a =~ "(" }', 'TRACEQL_INVALID', 1, 9, 'RE2'],
    ['{ .a =~ "(?=x)" }', 'TRACEQL_INVALID', 1, 9, 'RE2'],
    ['{ .a =~ "a)(b" }', 'TRACEQL_INVALID', 1, 9, 'RE2'],
    ['{ .a =~ `(a)\\1` }', 'TRACEQL_INVALID', 1, 9, 'RE2'],
    ['{ kind = nil }', 'TRACEQL_INVALID', 1, 8, 'intrinsics cannot be nil'],
    ['{ } | quantile_over_time(duration, 2)', 'TRACEQL_INVALID', 1, 7, 'between 0 and 1'],
    ['{ } | rate() | topk(0)', 'TRACEQL_INVALID', 1, 14, 'greater than 0'],
    ['{ } | compare({ }) | topk(1)', 'TRACEQL_INVALID', 1, 1, 'compare()'],
    ['{ parent.a = 1 }', 'TRACEQL_UNSUPPORTED', 1, 3, 'parent'],
    ['{ } | max(.a) > min(.a)', 'TRACEQL_UNSUPPORTED', 1, 15, 'not yet supported'],
  ])('%s', (text, code, line, column, part) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(GentError);
    expect(error.message).toContain(part);
    expect({ code: error.code, line: error.line, column: error.column, status: error.status }).toEqual({
      code,
      line,
      column,
      status: 400,
    });
  });
});

describe('reading', () => {
  it.each([
    // `&&` and `||` have one level.
    ['{ .a || .b && .c }', '{ (.a || .b) && .c }'],
    ['{ } || { .b } && { .c }', '(({ true }) || ({ .b })) && ({ .c })'],
    ['{ -2 ^ .a = 1 }', '{ (-(2 ^ .a)) = 1 }'],
    ['{ !.a * .b }', '{ !(.a * .b) }'],
    ['{ .a ^ .b ^ .c = 1 }', '{ (.a ^ (.b ^ .c)) = 1 }'],
    // Everything after a scope is the name.
    ['{ .a-b+c[0] = 1 }', '{ .a-b+c[0] = 1 }'],
    ['{ .a - 1 = 2 }', '{ (.a - 1) = 2 }'],
    ['{ span."a b".c = 1 }', '{ span."a b.c" = 1 }'],
    ['{ duration > 1d2h3m4s5ms }', '{ duration > 26h3m4.005s }'],
    ['{ duration > 1.5h }', '{ duration > 1h30m0s }'],
    ['{ .a = 9007199254740993 }', '{ .a = 9007199254740993 }'],
    ['{ .a = "tick ` here" }', '{ .a = "tick ` here" }'],
    ['{ .a = "\\x41\\u00e9\\t" }', '{ .a = `Aé\t` }'],
    ['({ } | rate()) > 1 / 2.0', '{ true } | rate() > 0.5'],
    ['{ } | compare({ .a }, 20)', '{ true } | compare({ .a }, 20)'],
    // An int to the power of an int: the other way round, as in Tempo.
    ['{ 2 ^ 3 = 9 }', '{ true }'],
  ])('%s', (text, printed) => {
    expect(printQuery(parseQuery(text))).toBe(printed);
  });

  it('refuses nesting that would overflow the stack, and takes long chains', () => {
    expect(errorOf(`{ ${'('.repeat(100_000)}`).message).toContain('levels deep');
    expect(errorOf(`{ ${'!'.repeat(100_000)}.a }`).message).toContain('levels deep');
    expect(errorOf(`{ .a ${'^ .b '.repeat(20_000)} }`).message).toContain('levels deep');
    expect(errorOf(`{ .a${' || .b'.repeat(20_000)} }`).message).toContain('operators');
    expect(errorOf(`{ .${'a'.repeat(200_000)} }`).message).toContain('characters');
    const chain = `{ .a = 0${Array.from({ length: 1500 }, (_, i) => ` || .a = ${i}`).join('')} }`;
    const printed = printQuery(parseQuery(chain));
    expect(printQuery(parseQuery(printed))).toBe(printed);
  });
});

describe('incomplete queries', () => {
  it.each([
    ['', '{ true }'],
    ['{', '{ true }'],
    ['{ }', '{ true }'],
    ['not a query', '{ true }'],
    ['{ resource.cluster = }', '{ true }'],
    ['{ resource.a = "x" && name = }', '{ (resource.a = `x`) && true }'],
    ['{ name = && resource.a = "x" }', '{ true && (resource.a = `x`) }'],
    ['{ .a = "x" || .b =~ }', '{ (.a = `x`) || true }'],
    ['{ (.a = && .b = 1) && .c = }', '{ (true && (.b = 1)) && true }'],
    ['{ .a = "x" && .b = "unfin', '{ (.a = `x`) && true }'],
    ['{ .a = "x" &&', '{ (.a = `x`) && true }'],
    ['{ .a = 1 } >> { .b = }', '({ .a = 1 }) >> ({ true })'],
    ['{ .a = 1 && .b + = 2 }', '{ true }'],
    ['{ .foo = } | rate() with(sample=0.5)', '{ true } | rate() with(sample=0.5)'],
  ])('%s', (text, printed) => {
    expect(printQuery(parseIncomplete(text))).toBe(printed);
  });
});

describe('tag names', () => {
  it.each([
    ['.a', '.a'],
    ['span."a b"', 'span."a b"'],
    ['resource.service.name', 'resource.service.name'],
    ['span:name', 'name'],
    ['trace:rootService', 'rootServiceName'],
    ['event:name', 'event:name'],
  ])('%s', (text, printed) => {
    expect(printAttribute(parseTagName(text))).toBe(printed);
  });

  it.each(['service.name', '', 'span.', '.a .b', '{ .a }', '"service.name"'])('refuses %s', (text) => {
    expect(() => parseTagName(text)).toThrow(TraceqlError);
  });
});
