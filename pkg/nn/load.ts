/** @file Evaluates an integer network on ONNX Runtime. */
import { GentError } from '../common';
import { Gatherer } from './gather';
import { encodeLayers } from './inference-graph';
import type { IntegerWeights } from './integer';
import { parseNetwork } from './parse-network';
import { loadRuntime, sessionOptions, type InferenceSession, type OrtModule } from './runtime';
import type { IntegerNetwork, RowInputs, Runtime } from './types';

/** Rows of one call of the runtime: activations of this many rows stay in a core's cache. */
const ROWS_A_CALL = 2048;

/** Checks the shape of `rows` and every index. */
export function checkInputs({ spec }: Pick<IntegerWeights, 'spec'>, rows: RowInputs): void {
  const { count } = rows;
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new GentError('NN_BAD_ROWS', `the number of rows is ${count}`);
  }
  if (rows.indices.length !== spec.embeddings.length) {
    throw new GentError('NN_BAD_ROWS', `${rows.indices.length} index columns for ${spec.embeddings.length} embeddings`);
  }
  if (rows.levels.length < count * spec.levels) {
    throw new GentError('NN_BAD_ROWS', `${rows.levels.length} levels for ${count} rows of ${spec.levels}`);
  }
  spec.embeddings.forEach(({ name, vocabulary }, e) => {
    const column = rows.indices[e] as Int32Array;
    if (column.length < count) {
      throw new GentError('NN_BAD_ROWS', `column ${name} has ${column.length} of ${count} rows`);
    }
    for (let row = 0; row < count; row++) {
      // Compared without a sign, a negative index is large.
      if ((column[row] as number) >>> 0 >= vocabulary) {
        throw new GentError('NN_BAD_ROWS', `row ${row}: ${name} is ${column[row]}, its vocabulary ${vocabulary}`);
      }
    }
  });
}

class OrtNetwork implements IntegerNetwork {
  readonly spec;
  private readonly gatherer: Gatherer;
  private buffer = new Uint8Array(0);
  /** Made by the first question: a catalogue of many models is opened for far more than it is asked to evaluate. */
  private session: Promise<InferenceSession> | undefined;

  /** @param makeSession - cannot fail because of the network, which was checked */
  constructor(
    private readonly network: IntegerWeights,
    private readonly ort: OrtModule,
    private readonly makeSession: () => Promise<InferenceSession>
  ) {
    this.spec = network.spec;
    this.gatherer = new Gatherer(network);
  }

  private async run(rows: RowInputs, from: number, count: number): Promise<Int32Array> {
    const { width } = this.gatherer;
    // Each call takes the buffer with it, so that calls which overlap in time do not share one.
    let x = this.buffer;
    this.buffer = new Uint8Array(0);
    if (x.length < count * width) {
      x = new Uint8Array(count * width);
    }
    this.gatherer.fill(rows, from, count, x);
    const feeds = { x: new this.ort.Tensor('uint8', x.subarray(0, count * width), [count, width]) };
    this.session ??= this.makeSession();
    const { logits } = await (await this.session).run(feeds);
    this.buffer = x;
    return logits?.data as Int32Array;
  }

  async logits(rows: RowInputs): Promise<Int32Array> {
    checkInputs(this.network, rows);
    if (rows.count > 0 && rows.count <= ROWS_A_CALL) {
      return this.run(rows, 0, rows.count);
    }
    const { classes } = this.spec;
    const out = new Int32Array(rows.count * classes);
    for (let from = 0; from < rows.count; from += ROWS_A_CALL) {
      const count = Math.min(ROWS_A_CALL, rows.count - from);
      out.set(await this.run(rows, from, count), from * classes);
    }
    return out;
  }

  async close(): Promise<void> {
    await (await this.session)?.release();
  }
}

/** How a network is to be evaluated. */
export interface LoadOptions {
  /** Native by default. */
  readonly runtime?: Runtime;
  /** Threads of one call; 1 by default. */
  readonly threads?: number;
}

/**
 * A network ready to be asked, from the ONNX bytes of a file. The bytes need no trust: see {@link parseNetwork}.
 * `logits` blocks the calling thread while it computes.
 * @throws GentError NN_BAD_NETWORK when the bytes are not a network that GenT wrote; NN_RUNTIME_MISSING
 */
export async function loadNetwork(onnx: Uint8Array, options: LoadOptions = {}): Promise<IntegerNetwork> {
  const network = parseNetwork(onnx);
  const { runtime = 'native', threads } = options;
  const ort = await loadRuntime(runtime);
  return new OrtNetwork(network, ort, () =>
    ort.InferenceSession.create(encodeLayers(network), sessionOptions(runtime, threads))
  );
}
