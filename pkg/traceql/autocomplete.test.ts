/** @file What an editor offers can be typed; tag names and values of matching spans. */
import { FUNCTIONS, HINTS, INTRINSIC_SUGGESTIONS, KEYWORDS, OPERATORS, SCOPES } from './autocomplete';
import { compileTagNames, compileTagValues, hintsOf, parseIncomplete, parseQuery, parseTagName } from './index';
import { trace } from './test-traces';

describe('suggestions', () => {
  it('are words of the language', () => {
    for (const { text } of SCOPES) {
      expect(() => parseQuery(`{ ${text}x = 1 }`)).not.toThrow();
    }
    for (const { text } of INTRINSIC_SUGGESTIONS) {
      expect(parseTagName(text).intrinsic).toBeDefined();
    }
    for (const { text, type } of KEYWORDS) {
      const field = type === 'status' || type === 'kind' ? type : '.a';
      expect(() => parseQuery(`{ ${field} != ${text} }`)).not.toThrow();
    }
    for (const { text } of OPERATORS) {
      const query = ['=', '!=', '>=', '<=', '=~', '!~'].includes(text) ? `{ .a ${text} "x" }` : `{ .a } ${text} { .b }`;
      expect(() => parseQuery(query)).not.toThrow();
    }
    const complete: Record<string, string> = {
      'by()': 'by(name)',
      'select()': 'select(name)',
      'topk()': 'rate() | topk(3)',
      'bottomk()': 'rate() | bottomk(3)',
      'quantile_over_time()': 'quantile_over_time(duration, .9)',
      'compare()': 'compare({ status = error })',
      'count()': 'count() > 1',
    };
    for (const { text } of FUNCTIONS) {
      const withField = text.replace('()', '(duration)');
      const stage =
        complete[text] ??
        (/^(avg|min|max|sum)\(/.test(text)
          ? `${withField} > 1s`
          : /_over_time/.test(text) && text !== 'count_over_time()'
            ? withField
            : text);
      expect(() => parseQuery(`{ } | ${stage}`)).not.toThrow();
    }
    for (const { text } of HINTS) {
      expect(hintsOf(parseQuery(`{ } with (${text}=true)`))).not.toEqual({});
    }
  });

  it('ignores hints of another type, and unknown ones', () => {
    expect(hintsOf(parseQuery('{ } with (most_recent="yes", exemplars=0.5, other=1)'))).toEqual({});
    expect(hintsOf(parseQuery('{ } with (exemplars=5) with (most_recent=true)'))).toEqual({ mostRecent: true });
  });
});

describe('tags', () => {
  const shop = trace([
    { id: 'a', name: 'GET', kind: 2, span: { code: 200n, ok: true, list: ['x', 'y'], ratio: 0.5 } },
    {
      id: 'b',
      parent: 'a',
      name: 'db',
      span: { code: '500' },
      resource: { 'service.name': 'db' },
      events: [{ name: 'log', attributes: { level: 'warn' } }],
    },
  ]);
  const values = (query: string, tag: string) => {
    const collector = compileTagValues(parseIncomplete(query), parseTagName(tag));
    collector.observe(shop);
    return collector.result().map(({ type, value }) => `${type} ${value}`);
  };

  it.each([
    ['', 'span.code', ['int 200', 'string 500']],
    ['{ name = "GET" && span.code = }', 'span.code', ['int 200']],
    ['', 'span.list', ['string x', 'string y']],
    ['', '.ok', ['bool true']],
    ['', 'span.ratio', ['float 0.5']],
    ['', '.service.name', ['string db', 'string shop']],
    ['', 'event.level', ['string warn']],
    ['', 'event:name', ['string log']],
    ['', 'name', ['string GET', 'string db']],
    ['', 'rootName', ['string GET']],
    ['', 'duration', []],
    ['', 'trace:id', []],
    ['', 'status', ['keyword unset', 'keyword ok', 'keyword error']],
  ])('values for %j of %s', (query, tag, expected) => {
    expect(values(query, tag)).toEqual(expected);
  });

  it('lists names by scope', () => {
    const collector = compileTagNames(parseIncomplete('{ name = "db" }'));
    collector.observe(shop);
    expect(collector.result()).toEqual({
      resource: ['service.name'],
      span: ['code'],
      event: ['level'],
      link: [],
      instrumentation: [],
    });
  });
});
