/** @file Samplers, independent columns and other programs as drivers. */
import { setLimit } from '../../common';
import { Evaluator } from '../evaluate';
import { compareDriver, halfVersusHalf } from '../compare';
import { newVocabulary, spanTable } from '../span-table';
import { pairs } from '../test-traces';
import {
  errorsAlways,
  externalDriver,
  headSampling,
  independentColumns,
  parseDriver,
  sizesOf,
  type TraceSource,
} from '.';

const COUNT = 400;
/** Every fifth trace fails. */
const traces = pairs(COUNT).map((trace, i) => ({
  ...trace,
  traceId: trace.traceId.replace('t', 'a').padStart(32, '0'),
  spans: trace.spans.map((span, j) => ({
    ...span,
    traceId: trace.traceId.replace('t', 'a').padStart(32, '0'),
    spanId: span.spanId.padStart(16, '0'),
    parentSpanId: span.parentSpanId === '' ? '' : span.parentSpanId.padStart(16, '0'),
    statusCode: i % 5 === 0 && j === 1 ? 2 : 0,
  })),
}));

async function source(): Promise<TraceSource> {
  return {
    table: await spanTable(newVocabulary(), traces),
    async *read() {
      yield* traces;
    },
  };
}

describe('samplers', () => {
  test('head sampling and its bytes agree on what is kept', async () => {
    const own = await source();
    const driver = headSampling(4);
    const { table } = await driver.produce(own, 3);
    const kept = traces.filter((_, i) => driver.keepsTrace(traces[i]!, own.table.idHash[i] as number, 3));
    expect(table).toMatchObject({ weight: 4, traces: kept.length });
    async function* read(): AsyncGenerator<(typeof traces)[number]> {
      yield* kept;
    }
    const { all, kept: sizes } = await sizesOf(own.read(), [driver], 3);
    const alone = (await sizesOf(read())).all;
    expect(sizes.get('1:4')).toEqual(alone);
    expect(all.raw).toBeGreaterThan(2 * (alone.raw as number));
    expect(all.gzip).toBeLessThan(all.raw as number);
  });

  test('errors always keeps every error, and counts the others up', async () => {
    const own = await source();
    const { table } = await errorsAlways(10).produce(own, 1);
    const errors = table.error.reduce((sum, error) => sum + error, 0);
    expect(errors).toBe(COUNT / 5);
    expect((table.traces - errors) % 10).toBe(0);
    expect(table.weight).toBe(1);
    const { queries, red } = new Evaluator(own.table).measure(table);
    expect(queries.queries[5]?.corrected).toBe(0);
    expect(red.errorRateAbs).toBeLessThan(0.2);
  });
});

describe('independent columns', () => {
  test('keep the marginals and lose what joins them', async () => {
    const own = await source();
    const { table } = await independentColumns().produce(own, 1);
    const { queries, structure, spearmanDiff, copying } = new Evaluator(own.table).measure(table);
    expect(structure).toMatchObject({ shapeTV: 0, edgeTV: 0, invalid: 0 });
    expect(queries.queries[6]?.corrected).toBeLessThan(0.05);
    // Parent and child durations rise together in the real traces.
    expect(spearmanDiff).toBeGreaterThan(0.8);
    expect(copying.copiedMultiSpan).toBeLessThan(0.05);
    expect((await independentColumns().produce(own, 1)).table.duration).toEqual(table.duration);
  });
});

describe('comparisons', () => {
  test('a row has a run a seed and their medians', async () => {
    const own = await source();
    const seen: string[] = [];
    const row = await compareDriver(headSampling(2), own, new Evaluator(own.table), {
      seeds: [1, 2, 3],
      onRun: (name, seed) => seen.push(`${name} ${seed}`),
    });
    expect(seen).toEqual(['1:2 1', '1:2 2', '1:2 3']);
    expect(row.runs).toHaveLength(3);
    const all = row.runs.map((run) => run.red.redError).sort((a, b) => a - b);
    expect(row.summary.redError?.median).toBe(all[1]);
  });

  test('half against half compares disjoint halves', async () => {
    const half = halfVersusHalf((await source()).table, 1);
    expect(half.traces).toBe(COUNT / 2);
    expect(half.copying.copied).toBe(0);
    expect(half.structure.shapeTV).toBe(0);
  });
});

describe('other programs', () => {
  afterEach(() => {
    setLimit('FIDELITY_DRIVER_MILLISECONDS', undefined);
    setLimit('FIDELITY_DRIVER_BYTES', undefined);
  });

  test('a copy is read back whole, with its bytes', async () => {
    const own = await source();
    const { table, sizes } = await parseDriver('copy=cp {in} {out}').produce(own, 1);
    expect(table.traces).toBe(COUNT);
    expect(sizes).toEqual((await sizesOf(own.read())).all);
    expect(new Evaluator(own.table).measure(table).copying.copied).toBe(1);
  });

  test('the seed reaches the command line', async () => {
    const { table } = await externalDriver('head', 'head -n {seed} {in} > {out}').produce(await source(), 7);
    expect(table.traces).toBe(7);
  });

  test.each([
    ['fails', 'echo went wrong >&2; exit 3 # {in} {out}', 'ended with 3: went wrong'],
    ['writes nothing', 'true {in} {out}', 'wrote no file'],
    ['writes something else', 'echo not traces > {out} # {in}', 'is not traces'],
  ])('a program that %s', async (_, command, message) => {
    await expect(externalDriver('odd', command).produce(await source(), 1)).rejects.toMatchObject({
      code: 'FIDELITY_DRIVER',
      message: expect.stringContaining(message) as string,
    });
  });

  test('a program that does not end is ended', async () => {
    setLimit('FIDELITY_DRIVER_MILLISECONDS', 300);
    await expect(externalDriver('slow', 'sleep 60 # {in} {out}').produce(await source(), 1)).rejects.toThrow(
      'ran longer than FIDELITY_DRIVER_MILLISECONDS=300'
    );
  });

  test('a program that writes too much is refused', async () => {
    setLimit('FIDELITY_DRIVER_BYTES', 1000);
    await expect(parseDriver('copy=cp {in} {out}').produce(await source(), 1)).rejects.toThrow(
      'wrote more than FIDELITY_DRIVER_BYTES=1000'
    );
  });

  test.each(['cp {in} {out}', 'name=cp {in}', '=cp {in} {out}'])('%s is no driver', (text) => {
    expect(() => parseDriver(text)).toThrow('name=command {in} {out}');
  });
});
