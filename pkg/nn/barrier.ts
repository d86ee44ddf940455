/** @file A barrier for worker threads over shared memory. */

/** Int32 cells that a barrier needs. */
export const BARRIER_CELLS = 2;

/** Threads that call `wait` are held until all `parties` have called it. Blocks the thread: for workers only. */
export class Barrier {
  /** @param cells - {@link BARRIER_CELLS} zeroed cells of shared memory */
  constructor(
    private readonly cells: Int32Array,
    private readonly parties: number
  ) {}

  wait(): void {
    const round = Atomics.load(this.cells, 1);
    if (Atomics.add(this.cells, 0, 1) + 1 === this.parties) {
      Atomics.store(this.cells, 0, 0);
      Atomics.add(this.cells, 1, 1);
      Atomics.notify(this.cells, 1);
      return;
    }
    while (Atomics.load(this.cells, 1) === round) {
      Atomics.wait(this.cells, 1, round);
    }
  }
}
