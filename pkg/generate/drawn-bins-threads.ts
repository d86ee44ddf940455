/**
 * @file Bins counted by two threads: this one, and a worker for every other trace. Counts are whole numbers, so that their
 * sum does not depend on who counted what, nor on how many cores there are.
 */
import { parentPort, type Worker } from 'node:worker_threads';
import { asGentError, GentError, startWorker, type ErrorCode } from '../common';
import { responsesOf, type Response, type TimedCells } from '../features';
import { BinCounter, type BinCounts, type DrawnBinsInput, type DrawnTraces, type DrawnWith } from './drawn-bins';

/** Fewer spans are counted sooner than a worker starts. */
const SPANS_FOR_WORKER = 20_000;

/** What one thread or two counted. */
export interface AllBinCounts {
  readonly counts: Float64Array;
  readonly timed: readonly TimedCells[];
  /** Where they were asked for. */
  readonly responses: readonly Response[];
}

/** Counts bins of traces drawn with some priors. */
export interface DrawnBins {
  /**
   * @returns counts, as many for each field of the network as it has room for classes; of durations once they are settled
   * @throws GentError CANCELLED, NN_*, INTERNAL
   */
  count(drawnWith: DrawnWith): Promise<AllBinCounts>;
  close(): Promise<void>;
}

/** What the worker is started with. */
interface WorkerJob {
  readonly input: DrawnBinsInput;
  readonly classes: number;
  /** One cell of shared memory, not 0 once the work is no longer wanted. */
  readonly stop: Int32Array;
}

/** What the worker is asked, until it is told that it is over. */
type WorkerRequest = { readonly drawnWith: DrawnWith; readonly traces: DrawnTraces } | 'close';

type WorkerAnswer = BinCounts | { readonly failed: { readonly code: ErrorCode; readonly message: string } };

/** The worker role `drawn-bins`. It ends by itself: a thread must not be terminated inside the native runtime. */
export async function runDrawnBins(data: unknown): Promise<void> {
  const port = parentPort;
  if (port === null) {
    throw new Error('the role drawn-bins runs in a worker thread only');
  }
  const { input, classes, stop } = data as WorkerJob;
  const opening = BinCounter.open(input, classes);
  // What goes wrong is told when it is asked for.
  const counter = opening.catch(() => undefined);
  const serve = async (request: WorkerRequest): Promise<void> => {
    if (request === 'close') {
      port.close();
      await (await counter)?.close();
      return;
    }
    try {
      const { drawnWith, traces } = request;
      const counted = await (await opening).count(drawnWith, traces, () => Atomics.load(stop, 0) !== 0);
      const { counts, timed, responses } = counted;
      const arrays = [counts, timed?.cells, timed?.sums, responses].filter((array) => array !== undefined);
      port.postMessage(
        counted satisfies WorkerAnswer,
        arrays.map(({ buffer }) => buffer)
      );
    } catch (thrown) {
      const { code, message } = asGentError(thrown);
      port.postMessage({ failed: { code, message } } satisfies WorkerAnswer);
    }
  };
  port.on('message', (request: WorkerRequest) => void serve(request));
}

/** The worker, asked one question at a time. */
class Helper {
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
  private settle: ((answer: WorkerAnswer) => void) | undefined;

  constructor(job: WorkerJob) {
    this.worker = startWorker('drawn-bins', job);
    this.worker.on('message', (answer: WorkerAnswer) => this.settle?.(answer));
    const fail = (message: string): void => this.settle?.({ failed: { code: 'INTERNAL', message } });
    this.worker.on('error', (error) => fail(`a worker failed: ${error.message}`));
    this.ended = new Promise((resolve) =>
      this.worker.on('exit', () => {
        fail('a worker ended without an answer');
        resolve();
      })
    );
  }

  async count(drawnWith: DrawnWith, traces: DrawnTraces): Promise<BinCounts> {
    const answered = new Promise<WorkerAnswer>((resolve) => (this.settle = resolve));
    this.worker.postMessage({ drawnWith, traces } satisfies WorkerRequest);
    const answer = await answered;
    if ('failed' in answer) {
      throw new GentError(answer.failed.code, answer.failed.message);
    }
    return answer;
  }

  async close(): Promise<void> {
    this.worker.postMessage('close' satisfies WorkerRequest);
    await this.ended;
  }
}

/** How bins are counted. */
export interface DrawnBinsOptions {
  readonly signal?: AbortSignal | undefined;
  /** 1 or 2; by default as many as the spans are worth. */
  readonly threads?: 1 | 2;
}

/** Threads that the spans of a model are worth. */
function threadsFor({ content: { counts, layouts } }: DrawnBinsInput): 1 | 2 {
  let spans = 0;
  counts.shape.forEach((shape, row) => (spans += (layouts[shape]?.size ?? 0) * (counts.count[row] as number)));
  return spans < SPANS_FOR_WORKER ? 1 : 2;
}

/**
 * Gets ready to count.
 * @param classes - classes that each field has room for
 * @throws GentError NN_*
 */
export async function openDrawnBins(
  input: DrawnBinsInput,
  classes: number,
  { signal, threads = threadsFor(input) }: DrawnBinsOptions = {}
): Promise<DrawnBins> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const helper = threads === 1 ? undefined : new Helper({ input, classes, stop });
  const own = await BinCounter.open(input, classes).catch(async (error: unknown) => {
    await helper?.close();
    throw error;
  });
  const cancelled = (): boolean => signal?.aborted === true || Atomics.load(stop, 0) !== 0;
  /** Neither thread goes on when the other has given up. */
  const unless = <T>(counting: Promise<T>): Promise<T> =>
    counting.catch((error: unknown) => {
      Atomics.store(stop, 0, 1);
      throw error;
    });
  const together = (parts: readonly BinCounts[]): AllBinCounts => {
    const sum = (of: (part: BinCounts) => Float64Array): Float64Array =>
      parts.map(of).reduce((all, part) => all.map((n, i) => n + (part[i] as number)));
    return {
      counts: own.told(sum(({ counts }) => counts)),
      timed: parts.flatMap(({ timed }) => timed ?? []),
      responses: responsesOf(sum(({ responses }) => responses ?? new Float64Array())),
    };
  };
  return {
    async count(drawnWith) {
      if (helper === undefined) {
        return together([await own.count(drawnWith, { first: 0, stride: 1 }, cancelled)]);
      }
      const [theirs, ours] = await Promise.allSettled([
        unless(helper.count(drawnWith, { first: 1, stride: 2 })),
        unless(own.count(drawnWith, { first: 0, stride: 2 }, cancelled)),
      ]);
      if (ours.status === 'rejected' || theirs.status === 'rejected') {
        throw failureOf([ours, theirs]);
      }
      return together([ours.value, theirs.value]);
    },
    async close() {
      await helper?.close();
      await own.close();
    },
  };
}

/** Why counting failed: one thread's being cancelled may only follow from the other's failure. */
function failureOf(results: ReadonlyArray<PromiseSettledResult<unknown>>): unknown {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  return reasons.find((reason) => asGentError(reason).code !== 'CANCELLED') ?? reasons[0];
}
