/** @file A discrete-event simulation: a virtual clock, processes as generators, queues in front of servers. */

/** What a process yields: told a way to resume it. */
export type Wait = (resume: () => void) => void;
/** A piece of a process; `yield*` it from another. */
export type Step<T> = Generator<Wait, T, void>;

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** The clock and the events to come. Times are whole ns since the start of the simulation. */
export class Kernel {
  private readonly heap: Timer[] = [];
  private order = 0;
  now = 0;

  /** Calls `action` after `delay` ns of virtual time; equal times run in the order they were asked for. */
  schedule(delay: number, action: () => void): void {
    const timer = { at: this.now + Math.max(0, Math.round(delay)), order: this.order++, action };
    const heap = this.heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent] as Timer)) {
        break;
      }
      heap[i] = heap[parent] as Timer;
      i = parent;
    }
    heap[i] = timer;
  }

  /** Starts a process now. It must deal with its own errors: one that gets out ends the simulation. */
  spawn(process: Step<void>): void {
    const advance = () => {
      const result = process.next();
      if (!result.done) {
        result.value(advance);
      }
    };
    advance();
  }

  /** Lets `ns` of virtual time pass. */
  *delay(ns: number): Step<void> {
    yield (resume) => this.schedule(ns, resume);
  }

  /** Waits for a future, at most `ns`; undefined when it was not settled by then. */
  *within<T>(future: Future<T>, ns: number): Step<{ value: T } | undefined> {
    let open = true;
    yield (resume) => {
      const once = () => {
        if (open) {
          open = false;
          resume();
        }
      };
      future.whenSettled(once);
      this.schedule(ns, once);
    };
    return future.settled;
  }

  /** Runs the next event; false when there is none before `until` (then the clock stands at `until`). */
  step(until = Number.POSITIVE_INFINITY): boolean {
    const next = this.heap[0];
    if (next === undefined || next.at > until) {
      if (Number.isFinite(until)) {
        this.now = Math.max(this.now, until);
      }
      return false;
    }
    this.removeFirst();
    this.now = next.at;
    next.action();
    return true;
  }

  private removeFirst(): void {
    const heap = this.heap;
    const last = heap.pop() as Timer;
    if (heap.length === 0) {
      return;
    }
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) {
        break;
      }
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) {
        child++;
      }
      if (!before(heap[child] as Timer, last)) {
        break;
      }
      heap[i] = heap[child] as Timer;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A value that comes later, once. */
export class Future<T> {
  settled: { value: T } | undefined;
  private waiting: Array<() => void> = [];

  settle(value: T): void {
    if (this.settled === undefined) {
      this.settled = { value };
      for (const resume of this.waiting.splice(0)) {
        resume();
      }
    }
  }

  whenSettled(resume: () => void): void {
    if (this.settled !== undefined) {
      resume();
    } else {
      this.waiting.push(resume);
    }
  }
}

/** `servers` servers and one first-come-first-served queue: a pool of workers or of connections. */
export class Station {
  private busy = 0;
  private readonly queue: Array<() => void> = [];

  constructor(readonly servers: number) {}

  get queued(): number {
    return this.queue.length;
  }

  /** Waits for a free server and takes it. */
  *acquire(): Step<void> {
    if (this.busy < this.servers) {
      this.busy++;
      return;
    }
    // The server is handed over by release(), so `busy` does not change here.
    yield (resume) => {
      this.queue.push(resume);
    };
  }

  release(): void {
    const next = this.queue.shift();
    if (next !== undefined) {
      next();
    } else {
      this.busy--;
    }
  }
}
