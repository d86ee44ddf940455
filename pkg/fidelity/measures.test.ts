/** @file Every measure once on numbers that can be worked out by hand. */
import type { Span, Trace } from '../trace';
import { Evaluator, type Fidelity } from './evaluate';
import { MEASURES, spreadOf, summarise } from './measures';
import { span, tables } from './test-traces';

const attribute = (key: string, value: string | bigint): Partial<Span> => ({ attributes: [{ key, value }] });
const failed: Partial<Span> = { statusCode: 2 };

function trace(traceId: string, ...spans: Array<[string, string, string, number, number, Partial<Span>?]>): Trace {
  return {
    traceId,
    spans: spans.map(([service, id, parent, start, duration, more]) => ({
      ...span(traceId, service, id, parent, start, duration),
      attributes: [],
      ...more,
    })),
  };
}

async function measured(real: Trace[], other: Trace[]): Promise<Fidelity> {
  const [a, b] = await tables(real, other);
  return new Evaluator(a).measure(b);
}

const values = (fidelity: Fidelity): Record<string, number | null> =>
  Object.fromEntries(MEASURES.map((measure) => [measure.key, measure.of(fidelity)]));

describe('errors and int attributes', () => {
  /** An entry in service a and a child in b with an error or not, and a number n or not. */
  const call = (id: string, start: number, duration: number, error: boolean, n?: bigint): Trace =>
    trace(
      id,
      ['a', '1', '', start, 40],
      ['b', '2', '1', start, duration, { ...(error ? failed : {}), ...(n === undefined ? {} : attribute('n', n)) }]
    );
  const real = [call('t0', 0, 5, true, 10n), call('t1', 100, 15, true, 20n)];
  const other = [call('t0', 0, 5, true, 15n), call('t1', 100, 15, false)];

  test('queries 1, 6 and 9, and the error rate', async () => {
    const fidelity = await measured(real, other);
    expect(values(fidelity)).toMatchObject({
      // Pairs of a and an error in buckets 1 and 60; the second is lost: |F − G| = ½ from 1 to 60.
      query1: 0.5,
      // Errors of b of 5 and 15 ms; the second is lost.
      query6: 0.5,
      query6Tv64: 0.5,
      // Largest n in bucket 1: 15 for 10, on a range of 10; in bucket 60: none.
      query9: 0.75,
      // a: 0 and 0; b: 1 and ½.
      errorRateAbs: 0.25,
    });
    const volumes = fidelity.queries.queries.map((query) => query.volume);
    expect([volumes[0], volumes[5], volumes[8]]).toEqual([0.5, 0.5, 0.5]);
    expect(fidelity.tasks.event).toBe('error');
  });

  test('an int attribute compares by distance, a text by key', async () => {
    // n = 10 and 20 against 15 once: from 10 to 15 and from 15 to 20, |F − G| = ½.
    expect(values(await measured(real, other))).toMatchObject({ query8: 0.5, query10: 0.5, query2: 0.5 });
    const text = (id: string, start: number, value: string): Trace =>
      trace(id, ['a', '1', '', start, 40, attribute('s', value)]);
    const fidelity = await measured(
      [text('t0', 0, 'x'), text('t1', 10, 'y'), text('t2', 20, 'y'), text('t3', 30, 'y')],
      [text('t0', 0, 'x'), text('t1', 10, 'x'), text('t2', 20, 'y'), text('t3', 30, 'z')]
    );
    expect(values(fidelity)).toMatchObject({ query8: 0.5, query10: 0.5, query2: 0.5, query9: null });
  });
});

describe('weights', () => {
  test('weighted means count a service by its spans', async () => {
    const single = (id: string, service: string, duration: number): Trace => trace(id, [service, '1', '', 0, duration]);
    const others = [single('e', 'b', 5), single('f', 'b', 15)];
    const fidelity = await measured(
      [single('a', 'a', 10), single('b', 'a', 10), single('c', 'a', 20), single('d', 'a', 20), ...others],
      [single('a', 'a', 10), single('b', 'a', 10), single('c', 'a', 10), single('d', 'a', 10), ...others]
    );
    // Service a: ½ over 4 spans; b: 0 over 2.
    expect(fidelity.queries.queries[6]).toMatchObject({ corrected: 0.25, tv64: 0.25 });
    expect(fidelity.queries.queries[6]?.correctedWeighted).toBeCloseTo(1 / 3, 12);
    expect(fidelity.queries.queries[6]?.tv64Weighted).toBeCloseTo(1 / 3, 12);
    // Only a differs: ½ and ½ against 1 and 0, sorted: mean of ½ and ½.
    expect(fidelity.queries.queries[6]).toMatchObject({ published: 0.5, publishedWeighted: 0.5 });
  });
});

describe('tasks', () => {
  const call = (id: string, start: number, value: string): Trace =>
    trace(
      id,
      ['a', '1', '', start, 40, attribute('s', value)],
      ['b', '2', '1', start, 10, failed],
      ['b', '3', '1', start, 10, failed]
    );

  test('one of two traces is lost', async () => {
    const { tasks } = await measured([call('t0', 0, 'x'), call('t1', 100, 'y')], [call('t0', 0, 'x')]);
    // Cells of a (2 pairs > 1) and of b (4 pairs) in two buckets, one of them found: 2·1 / (2·1 + 1).
    expect(tasks.monitoringF1).toBeCloseTo(2 / 3, 12);
    expect(tasks.monitoringF1Micro).toBeCloseTo(2 / 3, 12);
    expect(tasks.triggerF1).toBeCloseTo(2 / 3, 12);
    // min(1, 1) + min(1, 0) of the values x and y.
    expect(tasks.attributeF1).toBeCloseTo(2 / 3, 12);
    // The group of the last of twelve buckets is missing.
    expect(tasks.durationEMD).toBe(0.5);
    expect(tasks.taskScore).toBeCloseTo((3 * (2 / 3) + 0.5) / 4, 12);
  });
});

describe('structure, RED and copies', () => {
  const one = (id: string, start: number, duration = 10): Trace => trace(id, ['a', '1', '', start, duration]);
  const two = (id: string, start: number): Trace => trace(id, ['a', '1', '', start, 10], ['b', '2', '1', start, 4]);
  const three = (id: string, start: number): Trace =>
    trace(id, ['a', '1', '', start, 10], ['b', '2', '1', start, 4], ['c', '3', '2', start, 2]);
  const common = Array.from({ length: 12 }, (_, i) => two(`t${i}`, i));

  test('a rare shape lost, a new one', async () => {
    const { structure, copying } = await measured(
      [...common, one('x', 3), one('y', 4), three('z', 5)],
      [...common, one('x', 3), one('y', 4), trace('n', ['b', '1', '', 5, 7])]
    );
    // Rare: the single spans of a (found) and the chain of three (not found).
    expect(structure.rareShapeRecall).toBe(0.5);
    expect(structure.shapeTV).toBeCloseTo(1 / 15, 12);
    expect(structure.novelShapeShare).toBeCloseTo(1 / 15, 12);
    // Edges: 13 a → b and one b → c against 12 a → b.
    expect(structure.edgeTV).toBeCloseTo(1 / 14, 12);
    expect(copying.copied).toBeCloseTo(14 / 15, 12);
    expect(copying.copiedMultiSpan).toBe(1);
    // All but the chain of three are alike.
    expect(copying.realTracesWithATwin).toBeCloseTo(14 / 15, 12);
  });

  test('exemplars say that they are real, and are no copies', async () => {
    const own = two('e', 3);
    const exemplar = {
      ...own,
      spans: own.spans.map((entry) => ({
        ...entry,
        resource: {
          ...entry.resource,
          attributes: [...entry.resource.attributes, { key: 'gent.generated', value: false }],
        },
      })),
    };
    const { copying } = await measured(
      [...common, two('e', 3)],
      [exemplar, one('n', 1, 77), two('t1', 1), one('m', 2, 78)]
    );
    expect(copying.exemplars).toBe(0.25);
    expect(copying.copied).toBeCloseTo(1 / 3, 12);
    expect(copying.copiedMultiSpan).toBe(1);
  });

  test('rates and durations', async () => {
    const { red } = await measured([one('p', 0), one('q', 100)], [one('p', 0, 15), one('r', 0, 15)]);
    // Buckets 1 (2 for 1) and 60 (0 for 1).
    expect(red).toMatchObject({ rate: 1, rateWeighted: 1, durationP50: 0.5, durationP90: 0.5, durationP99: 0.5 });
    expect(red).toMatchObject({ traceP50: 0.5, traceP90: 0.5, traceP99: 0.5, errorRateAbs: null });
    expect(red.redError).toBeCloseTo((1 + 0.5 + 0.5) / 3, 12);
  });
});

describe('several seeds', () => {
  test.each([
    [[3, 1, 2], { median: 2, mean: 2, min: 1, max: 3, deviation: 1 }],
    [[1, 2], { median: 1.5, mean: 1.5, min: 1, max: 2, deviation: Math.SQRT1_2 }],
    [[5], { median: 5, mean: 5, min: 5, max: 5, deviation: 0 }],
  ])('spread of %j', (list, expected) => expect(spreadOf(list)).toEqual(expected));

  test('what applies to no run is null', async () => {
    const fidelity = await measured([trace('p', ['a', '1', '', 0, 1])], [trace('p', ['a', '1', '', 0, 1])]);
    expect(summarise([fidelity])).toMatchObject({ spearmanDiff: null, errorRateAbs: null, shapeTV: { median: 0 } });
  });
});
