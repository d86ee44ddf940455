/** @file A barrier for worker threads over shared memory, which can be broken so that nobody waits for ever. */

/** Int32 cells that a barrier needs. */
export const BARRIER_CELLS = 3;

/** Thrown by {@link Barrier.wait} in every thread once the barrier is broken. */
export class BrokenBarrier extends Error {
  override readonly name = 'BrokenBarrier';
}

/** Threads that call `wait` are held until all `parties` have called it. */
export class Barrier {
  /**
   * @param cells - {@link BARRIER_CELLS} zeroed cells of shared memory: arrived, round, broken
   * @param looks - how often a thread looks before it sleeps: being woken takes longer than the others mostly do
   */
  constructor(
    private readonly cells: Int32Array,
    private readonly parties: number,
    private readonly looks = 2000
  ) {}

  /** Says that this thread has come, and goes on. @returns what to give to {@link wait} */
  arrive(): number {
    const round = Atomics.load(this.cells, 1);
    if (Atomics.add(this.cells, 0, 1) + 1 === this.parties) {
      Atomics.store(this.cells, 0, 0);
      Atomics.add(this.cells, 1, 1);
      Atomics.notify(this.cells, 1);
    }
    return round;
  }

  /**
   * Blocks the thread (workers only) until all have come; throws {@link BrokenBarrier} when it is broken.
   * @param round - of an {@link arrive} before; without, the thread arrives now
   */
  wait(round = this.arrive()): void {
    for (let look = 0; look < this.looks && Atomics.load(this.cells, 1) === round; look++) {
      // the other threads are about to come
    }
    while (Atomics.load(this.cells, 1) === round && Atomics.load(this.cells, 2) === 0) {
      Atomics.wait(this.cells, 1, round);
    }
    if (Atomics.load(this.cells, 2) !== 0) {
      throw new BrokenBarrier('the other threads have given up');
    }
  }

  /** Lets all threads that wait, and all that come later, fail. Any thread may call it. */
  break(): void {
    Atomics.store(this.cells, 2, 1);
    Atomics.add(this.cells, 1, 1);
    Atomics.notify(this.cells, 1);
  }
}
