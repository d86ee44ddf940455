/**
 * @file Attributes of a span that say which of its children is slow: a flag of a request, which one call below it obeys and the others
 * do not; and what is drawn of them is the same however little of the trace is drawn.
 */
import type { OpenedModel, Sieve } from '../../pkg/generate';
import { attributeValue, type Span, type Trace } from '../../pkg/trace';
import { attributes, growing, numbers } from './batches';
import { allOf, durationOf, trainedOn, whenTrained } from './trained';

/** How many times as long calls take for a request with the flag, or of the large tenant; pay minds neither. */
const SLOW = 4;

/** Requests of three calls: render minds the flag, query the tenant, of which one request in three has none. */
function requests(count: number): Trace[] {
  const random = numbers(7);
  return Array.from({ length: count }, (_, t) => {
    const { trace, add } = growing(t, random);
    const flag = random() < 0.3;
    const tenant = random() < 0.25 ? 'large' : `small-${Math.floor(3 * random())}`;
    const calls = [
      { name: 'render', ns: (flag ? SLOW : 1) * 3e6 * (0.8 + 0.4 * random()) },
      { name: 'query', ns: (tenant === 'large' ? SLOW : 1) * 2e6 * (0.6 + 0.8 * random()) },
      { name: 'pay', ns: 2e7 * (0.2 + random() + random()) },
    ].filter(({ name }) => name !== 'query' || random() < 0.67);
    add(
      'GET /checkout',
      -1,
      0,
      calls.reduce((sum, { ns }) => sum + ns + 5e4, 2e5)
    );
    let at = 2e5;
    for (const { name, ns } of calls) {
      add(name, 0, at, ns);
      at += ns + 5e4;
    }
    const [root, ...rest] = trace.spans as [Span, ...Span[]];
    return { ...trace, spans: [{ ...root, attributes: attributes({ 'feature.new': flag, tenant }) }, ...rest] };
  });
}

const real = requests(3000);
let model: OpenedModel;
let traces: readonly Trace[];
whenTrained(real, {}, (opened, generated) => {
  [model, traces] = [opened, generated];
});

const valueOf = ({ spans }: Trace, key: string): unknown => attributeValue((spans[0] as Span).attributes, key);

/** Share of the traces in which a call is slow though the attribute says that it is not, or the other way round. */
function strays(list: readonly Trace[], call: string, slowFrom: number, isSlow: (trace: Trace) => boolean): number {
  const told = list.flatMap((trace) =>
    trace.spans.filter(({ name }) => name === call).map((span) => durationOf(span) >= slowFrom === isSlow(trace))
  );
  return told.filter((agrees) => !agrees).length / told.length;
}
const byFlag = (list: readonly Trace[]): number =>
  strays(list, 'render', 6e6, (t) => valueOf(t, 'feature.new') === true);
const byTenant = (list: readonly Trace[]): number =>
  strays(list, 'query', 4e6, (t) => valueOf(t, 'tenant') === 'large');

test('attributes go with the calls that mind them, which a model without hardly knows', async () => {
  expect([byFlag(real), byTenant(real)]).toEqual([0, 0]);
  const blind = await trainedOn(real, { without: ['child-times'] });
  try {
    expect(blind.content.fields.flatMap(({ witnesses }) => witnesses)).toEqual([]);
    const unknown = await blind.generate(allOf(blind));
    expect(byFlag(traces)).toBeLessThan(0.05);
    expect(byFlag(traces)).toBeLessThan(byFlag(unknown) / 4);
    expect(byTenant(traces)).toBeLessThan(byTenant(unknown) / 2);
  } finally {
    await blind.close();
  }
}, 120_000);

test('witnesses are the children that attributes depend on, and no others', () => {
  const { dictionary, fields, layouts } = model.content;
  const nameAt = (place: number): string | undefined => {
    const layout = layouts.find((one) => one.place.includes(place));
    const operation = layout?.operation[layout.place.indexOf(place)] as number;
    return dictionary.operations[operation]?.name;
  };
  const seen = fields.flatMap(({ witnesses }) => witnesses.map(nameAt));
  expect(new Set(seen)).toEqual(new Set(['render', 'query']));
});

test('attributes drawn in part are those of the whole trace', async () => {
  const keys = ['feature.new', 'tenant'];
  let compared = 0;
  for (const [index, trace] of traces.entries()) {
    if (index % 10 !== 0) {
      continue;
    }
    const shape = model.shapeOf(index);
    let told = -1;
    const sieve: Sieve = {
      keys: new Set(keys),
      spansOf: () => ({ spans: Int32Array.of(0), attributes: Uint8Array.of(1) }),
      keeps: (asked, _least, _most, variants) => {
        told = asked === shape ? (variants[0] as number) : told;
        return true;
      },
    };
    await model.sift([index], sieve);
    const { constants, variables } = model.attributesOf(shape, 0, sieve.keys, told);
    for (const key of keys) {
      if (!variables.has(key)) {
        expect(constants.find((one) => one.key === key)?.value).toEqual(valueOf(trace, key));
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(500);
});

test('where attributes mind no call there are no witnesses, and no bytes for them', async () => {
  const random = numbers(3);
  const apart = real.slice(0, 1000).map(({ traceId, spans: [root, ...rest] }) => ({
    traceId,
    spans: [{ ...(root as Span), attributes: attributes({ 'feature.new': random() < 0.3 }) }, ...rest],
  }));
  const models = [
    await trainedOn(apart, { epochs: 1 }),
    await trainedOn(apart, { epochs: 1, without: ['child-times'] }),
  ];
  try {
    expect(models[0]?.content.fields.flatMap(({ witnesses }) => witnesses)).toEqual([]);
    // manifests differ: one names what was left out
    expect({ ...models[0]?.sectionBytes, manifest: 0 }).toEqual({ ...models[1]?.sectionBytes, manifest: 0 });
  } finally {
    await Promise.all(models.map((one) => one.close()));
  }
});
