import { Future, Kernel, Station, type Step } from './kernel';

const run = (kernel: Kernel, until?: number) => {
  while (kernel.step(until)) {
    // The events do the work.
  }
};

describe('Kernel', () => {
  it('runs events by time, equal times in the order they were asked for', () => {
    const kernel = new Kernel();
    const seen: string[] = [];
    for (const [delay, name] of [
      [30, 'c'],
      [10, 'a'],
      [30, 'd'],
      [20, 'b'],
    ] as const) {
      kernel.schedule(delay, () => seen.push(`${name}@${kernel.now}`));
    }
    run(kernel);
    expect(seen).toEqual(['a@10', 'b@20', 'c@30', 'd@30']);
  });

  it('keeps a thousand timers in order', () => {
    const kernel = new Kernel();
    const times: number[] = [];
    for (let i = 0; i < 1000; i++) {
      kernel.schedule((i * 7919) % 1009, () => times.push(kernel.now));
    }
    run(kernel);
    expect(times).toHaveLength(1000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('stops the clock at the time asked for', () => {
    const kernel = new Kernel();
    const seen: number[] = [];
    kernel.schedule(50, () => seen.push(kernel.now));
    run(kernel, 40);
    expect([kernel.now, seen]).toEqual([40, []]);
    run(kernel, 60);
    expect([kernel.now, seen]).toEqual([60, [50]]);
  });

  it('gives up waiting for a future at the deadline and takes a value that came before it', () => {
    const kernel = new Kernel();
    const late = new Future<string>();
    const early = new Future<string>();
    const got: unknown[] = [];
    kernel.spawn(
      (function* (): Step<void> {
        got.push(yield* kernel.within(early, 100), kernel.now);
        got.push(yield* kernel.within(late, 100), kernel.now);
      })()
    );
    kernel.schedule(30, () => early.settle('early'));
    kernel.schedule(500, () => late.settle('late'));
    run(kernel);
    expect(got).toEqual([{ value: 'early' }, 30, undefined, 130]);
  });
});

describe('Station', () => {
  it('serves first come first served, no more at once than it has servers', () => {
    const kernel = new Kernel();
    const station = new Station(2);
    const log: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      kernel.spawn(
        (function* (): Step<void> {
          yield* station.acquire();
          log.push(`${name} starts ${kernel.now}`);
          yield* kernel.delay(10);
          station.release();
        })()
      );
    }
    expect(station.queued).toBe(2);
    run(kernel);
    expect(log).toEqual(['a starts 0', 'b starts 0', 'c starts 10', 'd starts 10']);
  });
});
