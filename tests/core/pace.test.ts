/**
 * @file Models with paces: what slows two branches of a trace at once slows both when they are drawn again; and what is
 * drawn of a trace is the same however little of it is drawn.
 */
import type { OpenedModel } from '../../pkg/generate';
import type { Trace } from '../../pkg/trace';
import { trainModel, type TrainOptions } from '../../pkg/train';
import { growing, numbers } from './batches';
import { allOf, durationOf, expectAlike, trainedOn, whenTrained } from './trained';

const TRACES = 1500;
const CALLS = 6;
const BRANCHES = ['a', 'b'] as const;

/** Requests that run two branches side by side; each calls six times. A trace is slow in all its calls, or in none. */
function requests(): Trace[] {
  const random = numbers(11);
  return Array.from({ length: TRACES }, (_, t) => {
    const { trace, add } = growing(t, random);
    const slow = 0.5 + 2.5 * random();
    // all of the same length, so that nothing above a branch says how slow the trace is
    const root = add('request', -1, 0, 1e9);
    for (const branch of BRANCHES) {
      const top = add(`branch ${branch}`, root, 1e6, 9e8);
      for (let call = 0; call < CALLS; call++) {
        add(`call ${branch}`, top, 2e6 + call * 1e8, 2e7 * slow * (0.8 + 0.4 * random()));
      }
    }
    return trace;
  });
}

/** Correlation between the times that the two branches spend in calls. */
function correlation(traces: readonly Trace[]): number {
  const sums = traces.map(({ spans }) =>
    BRANCHES.map((branch) =>
      spans.reduce((sum, span) => sum + (span.name === `call ${branch}` ? durationOf(span) : 0), 0)
    )
  );
  const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;
  const [a, b] = BRANCHES.map((_, i) => {
    const all = sums.map((pair) => pair[i] as number);
    const middle = mean(all);
    return all.map((x) => x - middle);
  }) as [number[], number[]];
  const product = (x: readonly number[], y: readonly number[]): number => mean(x.map((v, i) => v * (y[i] as number)));
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const real = requests();

let model: OpenedModel;
let traces: readonly Trace[];
whenTrained(real, {}, (opened, generated) => {
  [model, traces] = [opened, generated];
});

test('branches are slow together, which a network without paces does not know', async () => {
  expect(model.content.timing.pacing).toBe(true);
  const blind = await trainedOn(real, { without: ['pace'] });
  try {
    expect(blind.content.timing.pacing).toBe(false);
    const known = correlation(traces);
    expect(correlation(real)).toBeGreaterThan(0.95);
    expect(known).toBeGreaterThan(0.8);
    expect(known).toBeGreaterThan(correlation(await blind.generate(allOf(blind))) + 0.1);
  } finally {
    await blind.close();
  }
}, 120_000);

test.each([
  ['first', 0],
  ['first call of the last branch', 2 + CALLS + 1],
  ['last', -1],
])('the %s span lasts as long alone as with its trace', (_, span) => expectAlike(model, traces, span));

test('training goes on from a model whose network sees what the new one has to, else it starts anew and says so', async () => {
  const some = real.slice(0, 300);
  const train = (more: TrainOptions): ReturnType<typeof trainModel> =>
    trainModel(some, { epochs: 1, exemplarBytes: 0, fidelityCard: false, ...more });
  const [paced, blind] = [await train({}), await train({ without: ['pace'] })];
  const on = await train({ from: paced.bytes });
  expect([on.report.anew, on.manifest.training.from]).toEqual([undefined, paced.manifest.id]);
  for (const options of [{ from: blind.bytes }, { from: paced.bytes, without: ['pace' as const] }]) {
    const { report } = await train(options);
    expect([report.anew, report.training.from]).toEqual([expect.stringMatching(/does not see/), undefined]);
  }
});
