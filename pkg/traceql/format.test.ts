import { formatQuery } from './format';
import { printQuery } from './print';
import { parseQuery } from './query';

describe('formatQuery', () => {
  it.each([
    ['{}', '{ }'],
    ['{status=error&&resource.service.name="cart"}', '{ status = error && resource.service.name = "cart" }'],
    ['{ .a=-1}', '{ .a = -1 }'],
    ['{ !(.a = 1) && !.b }', '{ !(.a = 1) && !.b }'],
    ['{ .a - 1 >2 }', '{ .a - 1 > 2 }'],
    ['{name="a"}>>{kind=server}|count()>2', '{ name = "a" } >> { kind = server } | count() > 2'],
    ['{ }|by(name)|avg(duration)>1s', '{ } | by(name) | avg(duration) > 1s'],
    ['{ }|rate()by(name,kind)|topk(3)', '{ } | rate() by (name, kind) | topk(3)'],
    ['{ }|quantile_over_time(duration,.5,.99)', '{ } | quantile_over_time(duration, .5, .99)'],
    ['{ }|rate()with(exemplars=false)', '{ } | rate() with (exemplars = false)'],
    ['{ span."a b"=`x`  }', '{ span."a b" = `x` }'],
    ['{ } /* all */ | count() > 1', '{ } /* all */ | count() > 1'],
    ['// why\n{}', '// why\n{ }'],
  ])('%p becomes %p', (text, expected) => {
    expect(formatQuery(text)).toBe(expected);
    expect(printQuery(parseQuery(formatQuery(text)))).toBe(printQuery(parseQuery(text)));
    expect(formatQuery(expected)).toBe(expected);
  });

  it('breaks a long query before each stage', () => {
    const text = `{ resource.service.name = "${'x'.repeat(80)}" } | rate() by (name) | topk(10)`;
    expect(formatQuery(text)).toBe(
      `{ resource.service.name = "${'x'.repeat(80)}" }\n  | rate() by (name)\n  | topk(10)`
    );
  });

  it('refuses what is no query, with its place', () => {
    expect(() => formatQuery('{ status = }')).toThrow(expect.objectContaining({ line: 1, column: 12 }));
  });
});
