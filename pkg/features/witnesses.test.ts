import type { ShapeLayout } from './layout';
import type { SpanTable } from './span-table';
import { childrenByOperation, childTimes, chooseWitnesses, NO_CHILD, WitnessNodes, type ChildTimes } from './witnesses';

/** 400 traces: a root (operation 0) with calls at places 5 and 6, of which every second trace lacks the latter. */
function table(): SpanTable {
  const [parent, operation, place, duration]: number[][] = [[], [], [], []];
  for (let t = 0; t < 400; t++) {
    const root = parent!.length;
    const add = (above: number, own: number, at: number, lasting: number): void => {
      parent!.push(above);
      operation!.push(own);
      place!.push(at);
      duration!.push(lasting);
    };
    add(-1, 0, 0, 1000);
    add(root, 1, 5, t);
    add(root, 1, 5, 9999);
    if (t % 2 === 0) {
      add(root, 2, 6, 400 - t);
    }
  }
  const ints = (list: number[] | undefined): Int32Array => Int32Array.from(list ?? []);
  return {
    size: parent!.length,
    ...{ parent: ints(parent), operation: ints(operation), place: ints(place) },
    duration: Float64Array.from(duration!),
  } as unknown as SpanTable;
}

test('times of children are those of the first at each place, in classes of equal size', () => {
  const spans = table();
  const members = Int32Array.from(spans.parent.keys()).filter((i) => spans.parent[i] === -1);
  const [own = []] = childrenByOperation(spans, 3);
  const times = childTimes(spans, members, own);
  expect(times.map(({ place }) => place)).toEqual([5, 6]);
  const [first, second] = times.map(({ classes }) => classes) as [Uint8Array, Uint8Array];
  expect([...first]).toEqual(Array.from(members, (_, t) => Math.floor(t / 50)));
  expect([...second.filter((_, t) => t % 2 === 1)]).toEqual(Array.from({ length: 200 }, () => NO_CHILD));
  expect([...second.filter((_, t) => t % 2 === 0)]).toEqual(
    [...second.filter((_, t) => t % 2 === 0)].sort((a, b) => b - a)
  );
});

test('those that say most are chosen, each besides those before it', () => {
  const candidate = (place: number): ChildTimes => ({ place, classes: new Uint8Array(1) });
  const [a, b, c] = [candidate(1), candidate(2), candidate(3)];
  const worth = new Map([
    [a, 5],
    [b, 9],
    [c, 7],
  ]);
  const asked: ChildTimes[] = [];
  // each candidate is asked for in order: those not yet chosen
  const rounds = [
    [a, b, c],
    [a, c],
  ].flat();
  const chosen = chooseWitnesses(
    [a, b, c],
    () => 0,
    () => {
      const one = rounds[asked.length] as ChildTimes;
      asked.push(one);
      return worth.get(one) as number;
    }
  );
  expect(chosen).toEqual([b, c]);
  expect(asked).toEqual(rounds);
  expect(
    chooseWitnesses(
      [a, b, c],
      () => 0,
      () => 0
    )
  ).toEqual([]);
});

test('the first child of a node at a place', () => {
  const layout = { size: 5, parent: Int32Array.of(-1, 0, 0, 0, 2), place: Int32Array.of(0, 5, 6, 5, 5) };
  const nodes = new WitnessNodes([layout as unknown as ShapeLayout]);
  expect([nodes.of(0, 0, 5), nodes.of(0, 0, 6), nodes.of(0, 2, 5), nodes.of(0, 0, 7), nodes.of(0, 4, 5)]).toEqual([
    1, 2, 4, -1, -1,
  ]);
});
