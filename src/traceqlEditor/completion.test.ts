import { testDatasource } from '../test/datasource';
import { complete } from './completion';

/** What is offered at `^`, and what `insert` makes of the text. */
async function at(marked: string) {
  const offset = marked.indexOf('^');
  const text = marked.replace('^', '');
  const { datasource, getResource } = testDatasource();
  const offers = await complete(datasource.completionSource(), text, offset);
  const labels = offers.map(({ label }) => label);
  const insert = (label: string) => {
    const offer = offers.find((one) => one.label === label);
    return offer && `${text.slice(0, offer.start)}${offer.insert}${text.slice(offset)}`;
  };
  return { labels, insert, getResource };
}

describe('complete', () => {
  it('offers scopes, intrinsics and attributes where an operand can stand', async () => {
    const { labels, insert } = await at('{ res^ }');
    expect(labels).toEqual(
      expect.arrayContaining(['span.', 'resource.', '.', 'name', 'duration', 'trace:id', 'resource.service.name'])
    );
    expect(labels.filter((label) => label === 'name')).toHaveLength(1);
    expect(insert('resource.service.name')).toBe('{ resource.service.name }');
  });

  it('offers comparisons after an attribute, and joints after a condition', async () => {
    expect((await at('{ span.a ^')).labels).toEqual(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
    expect((await at('{ span.a = 1 ^')).labels).toEqual(['&&', '||']);
  });

  it('offers values of spans that match the rest, quoted as the language wants them', async () => {
    const { labels, insert, getResource } = await at('{ status = error && resource.service.name = ^');
    expect(labels).toEqual(expect.arrayContaining(['cart', 'checkout', 'nil', '$service']));
    expect(insert('cart')).toBe('{ status = error && resource.service.name = "cart"');
    expect(insert('$service')).toBe('{ status = error && resource.service.name = "$service"');
    expect(getResource).toHaveBeenCalledWith(
      'tag-values',
      { tag: 'resource.service.name', q: '{ status = error && resource.service.name = ' },
      expect.anything()
    );
  });

  it('writes only what stands between quotes that are there', async () => {
    expect((await at('{ resource.service.name = "ca^"')).insert('cart')).toBe('{ resource.service.name = "cart"');
    expect((await at('{ name = "^"')).insert('GET "/"')).toBe('{ name = "GET \\"/\\""');
    expect((await at('{ name = `^`')).insert('GET "/"')).toBe('{ name = `GET "/"`');
    expect((await at('{ span.http.status_code = "^"')).labels).not.toContain('200');
  });

  it('writes keywords and numbers bare', async () => {
    expect((await at('{ status = ^')).insert('error')).toBe('{ status = error');
    expect((await at('{ span.http.status_code > ^')).insert('500')).toBe('{ span.http.status_code > 500');
  });

  it('offers durations for durations', async () => {
    expect((await at('{ duration > ^')).labels).toEqual(expect.arrayContaining(['100ms', '1s']));
  });

  it('offers functions after a pipe and puts the cursor where an argument is missing', async () => {
    const { insert } = await at('{ } | ^');
    expect(insert('rate()')).toBe('{ } | rate()');
    expect(insert('avg()')).toBe('{ } | avg($0)');
  });

  it('offers what follows a spanset, a function and with', async () => {
    expect((await at('{ } ^')).labels).toEqual(expect.arrayContaining(['|', '>>', '&&']));
    expect((await at('{ } | rate() ^')).labels).toEqual(expect.arrayContaining(['by ()', 'with ()', '|', '>']));
    expect((await at('{ } | rate() with (^')).labels).toEqual(['most_recent']);
    expect((await at('^')).labels).toContain('{ }');
    expect((await at('{ } // ^')).labels).toEqual([]);
  });
});
