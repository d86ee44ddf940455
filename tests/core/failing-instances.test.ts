/** @file Instances that fail more often than others of their service fail in generated traces, and the others do not. */
import type { OpenedModel } from '../../pkg/generate';
import { attributeValue, type Span, type Trace } from '../../pkg/trace';
import { growing, numbers, resourceOf } from './batches';
import { whenTrained } from './trained';

const podOf = ({ resource }: Span): string => String(attributeValue(resource.attributes, 'k8s.pod.name'));
const inPod = (service: string, pod: number): Span['resource'] =>
  resourceOf(service, { 'k8s.pod.name': `${service}-${pod}` });
/** How often the pods of the cart fail. */
const FAILS = [0.01, 0.01, 0.3, 0];

/** A web service calls a cart, which asks a database; where that fails, the cart and the request fail as well. */
function requests(count: number): Trace[] {
  const random = numbers(8);
  return Array.from({ length: count }, (_, t) => {
    const { trace, add } = growing(t, random);
    const web = inPod('web', Math.floor(2 * random()));
    const pod = Math.floor(FAILS.length * random());
    const failed = random() < (FAILS[pod] as number);
    add('GET /cart', -1, 0, 5e6 + 1e6 * random());
    add('GetCart', 0, 1e6, 3e6 + 1e6 * random());
    add('SELECT', 1, 2e6, 1e6);
    const resources = [web, inPod('cart', pod), inPod('cart', pod)];
    const kinds = [2, 2, 3];
    return {
      ...trace,
      spans: trace.spans.map((span, i) => ({
        ...span,
        kind: kinds[i] as number,
        statusCode: failed ? 2 : 0,
        resource: resources[i] as Span['resource'],
      })),
    };
  });
}

const real = requests(2000);
let model: OpenedModel;
let traces: readonly Trace[];
whenTrained(real, { epochs: 1 }, (opened, generated) => {
  [model, traces] = [opened, generated];
});

/** Traces, and those that fail, by the pod that span i runs in. */
function byPod(list: readonly Trace[], i: number): Map<string, { all: number; failed: number }> {
  const pods = new Map<string, { all: number; failed: number }>();
  for (const { spans } of list) {
    const span = spans[i] as Span;
    const counts = pods.get(podOf(span)) ?? { all: 0, failed: 0 };
    pods.set(podOf(span), counts);
    counts.all++;
    counts.failed += span.statusCode === 2 ? 1 : 0;
  }
  return pods;
}

test('failures are where they were, and so is everything else', () => {
  const wanted = byPod(real, 1);
  const drawn = byPod(traces, 1);
  expect(new Set(drawn.keys())).toEqual(new Set(wanted.keys()));
  for (const [pod, { all, failed }] of wanted) {
    const own = drawn.get(pod) as { all: number; failed: number };
    // weights of instances have fifteen steps
    expect(own.all / all).toBeGreaterThan(0.9);
    expect(own.all / all).toBeLessThan(1.1);
    expect(Math.abs(own.failed - failed)).toBeLessThan(8);
  }
});

test('what is below in the same process runs in the same pod', () => {
  for (const { spans } of traces) {
    expect(podOf(spans[2] as Span)).toBe(podOf(spans[1] as Span));
  }
});

test('it is kept for services of which it is true', () => {
  const { dictionary, resources } = model.content;
  const of = (service: string): unknown => resources[dictionary.services.indexOf(service)]?.failures;
  expect(of('cart')).toBeDefined();
  expect(of('web')).toBeUndefined();
});
