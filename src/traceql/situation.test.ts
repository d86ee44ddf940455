import { situationAt } from './situation';

/** The cursor is at `^`. */
function at(marked: string) {
  const offset = marked.indexOf('^');
  return { ...situationAt(marked.replace('^', ''), offset), offset };
}

describe('situationAt', () => {
  it.each([
    ['^', 'empty', 0],
    ['{ ^', 'operand', 0],
    ['{ res^', 'operand', 3],
    ['{ resource.serv^', 'operand', 13],
    ['{ .a = 1 && ^ }', 'operand', 0],
    ['{ (^', 'operand', 0],
    ['{ .a = 1 && !^', 'operand', 0],
    ['{ .a + ^', 'operand', 0],
    ['{ span.a ^', 'operator', 0],
    ['{ name ^ }', 'operator', 0],
    ['{ span.a = ^', 'value', 0],
    ['{ status = er^', 'value', 2],
    ['{ span.a = "x^', 'value', 1],
    ['{ span.a = `x y^', 'value', 3],
    ['{ span.a = "x" ^', 'joint', 0],
    ['{ span.a > 10ms ^', 'joint', 0],
    ['{ (span.a = 1) ^', 'joint', 0],
    ['{ } ^', 'afterSpanset', 0],
    ['{ } | ^', 'stage', 0],
    ['{ } | ra^', 'stage', 2],
    ['{ } | rate() ^', 'afterStage', 0],
    ['{ } | rate() by (^', 'operand', 0],
    ['{ } | quantile_over_time(^', 'operand', 0],
    ['{ } | quantile_over_time(duration, ^', 'operand', 0],
    ['{ } | rate() with (^', 'hint', 0],
    ['{ } >> ^', 'empty', 0],
    ['{ } >> { ^', 'operand', 0],
    ['{ } // note ^', 'none', 0],
    ['{ /* x */ ^', 'operand', 0],
    ['{ "x^', 'none', 0],
  ])('%s is %s, %d characters typed', (marked, kind, typed) => {
    const found = at(marked);
    expect(found.kind).toBe(kind);
    expect(found.offset - found.start).toBe(typed);
  });

  it('says which attribute a value is for, in which quotes, and under which filter', () => {
    expect(at('{ status = error && resource.service.name = "ca^')).toMatchObject({
      attribute: 'resource.service.name',
      quote: '"',
      filter: '{ status = error && resource.service.name = ',
    });
    expect(at('{ status = ^')).toMatchObject({ attribute: 'status' });
    expect(at('{ status = ^').quote).toBeUndefined();
    expect(at('{ span."a b" = ^')).toMatchObject({ attribute: 'span."a b"' });
  });

  it('never throws on unfinished text', () => {
    const text =
      '{ span."a b" =~ "x\\" && (resource.y >= 1.5s || !.z) } >> { } | by(.a) | rate() by (name) with (x=1) /* ';
    for (let offset = 0; offset <= text.length; offset++) {
      expect(situationAt(text, offset).start).toBeLessThanOrEqual(offset);
    }
  });
});
