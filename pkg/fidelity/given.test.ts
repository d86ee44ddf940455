/** @file Durations and errors by instance and by attributes of the entry span, on sets small enough to work out by hand. */
import type { Resource, Trace } from '../trace';
import { given } from './given';
import { span, tables } from './test-traces';

const inPod = (service: string, pod: string): Resource => ({
  attributes: [
    { key: 'service.name', value: service },
    { key: 'k8s.pod.name', value: pod },
  ],
  droppedAttributesCount: 0,
  schemaUrl: '',
});

/** Traces of an entry span with a flag and a call in pod 0 or 1, alternately; the call lasts as `lasting` says, in ms. */
function traces(
  lasting: (pod: number, flag: boolean) => number,
  fails: (pod: number) => boolean = () => false
): Trace[] {
  return Array.from({ length: 400 }, (_, i) => {
    const traceId = `t${i}`;
    const pod = i % 2;
    const flag = i % 4 >= 2;
    const entry = { ...span(traceId, 'web', '1', '', i * 10, 500), attributes: [{ key: 'flag', value: String(flag) }] };
    const call = {
      ...span(traceId, 'cart', '2', '1', i * 10 + 1, lasting(pod, flag)),
      attributes: [],
      resource: inPod('cart', `cart-${pod}`),
      statusCode: fails(pod) ? 2 : 0,
    };
    return { traceId, spans: [entry, call] };
  });
}

test('the same is off by nothing', async () => {
  const [real, other] = await tables(
    traces((pod) => 10 + 30 * pod),
    traces((pod) => 10 + 30 * pod)
  );
  expect(given(real, other)).toEqual({ instances: 0, attributes: 0 });
});

test('slow in the other pod: by instance all is off, by flag nothing', async () => {
  const [real, other] = await tables(
    traces((pod) => 10 + 30 * pod),
    traces((pod) => 40 - 30 * pod)
  );
  // p50 and p90 of both pods are off by 1 (40 for 10) and by .75 (10 for 40), errors by nothing
  expect(given(real, other).instances).toBeCloseTo((2 * 1 + 0) / 6 + (2 * 0.75 + 0) / 6, 12);
  expect(given(real, other).attributes).toBe(0);
});

test('slow for the other value: by flag all is off, by instance nothing', async () => {
  const [real, other] = await tables(
    traces((_, flag) => (flag ? 40 : 10)),
    traces((_, flag) => (flag ? 10 : 40))
  );
  expect(given(real, other).attributes).toBeCloseTo((2 * 1 + 2 * 0.75) / 6, 12);
  expect(given(real, other).instances).toBe(0);
});

test('failures in the other pod', async () => {
  const [real, other] = await tables(
    traces(
      () => 10,
      (pod) => pod === 1
    ),
    traces(
      () => 10,
      (pod) => pod === 0
    )
  );
  expect(given(real, other).instances).toBeCloseTo(1 / 3, 12);
});

test('an instance that is missing is off by 1; where there is one instance it does not apply', async () => {
  const all = traces(() => 10);
  const [real, other] = await tables(
    all,
    all.filter((_, i) => i % 2 === 0)
  );
  expect(given(real, other).instances).toBeCloseTo(0.5, 12);
  const [alone] = await tables(
    all.filter((_, i) => i % 2 === 0),
    []
  );
  expect(given(alone, alone).instances).toBeNull();
});
