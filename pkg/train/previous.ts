/** @file The model that training goes on from: its network, and which rows of the new network it has by name. */
import { contextOf, LEVELS, MAX_BINS, readContent, type ModelContent, type RowContext } from '../features';
import { readNetworkSection } from '../generate';
import { readModelFile } from '../model';
import { parseNetwork } from '../nn';
import { embeddingKeys } from './embedding-keys';
import type { NetworkWidths } from './plan';

/** A network to go on from. */
export interface PreviousNetwork {
  /** Id of the model it is from. */
  readonly model: string;
  readonly widths: NetworkWidths;
  readonly onnx: Uint8Array;
  /** Names of its embeddings. */
  readonly inputs: readonly string[];
  /** Row of each name, by embedding. */
  readonly rows: ReadonlyArray<ReadonlyMap<string, number>>;
  /** Row of the last segment of time: what was true last is the best guess at what comes next. */
  readonly lastSegment: number;
}

/** The network, or why there is none to go on from. */
export type Previous = { readonly network: PreviousNetwork } | { readonly why: string };

/**
 * Reads the network of a model.
 * @param bytes - a whole `.gent` file
 * @throws GentError MODEL_*, NN_* when the file is damaged
 */
export function readPrevious(bytes: Uint8Array): Previous {
  const file = readModelFile(bytes);
  const { sizes, onnx } = readNetworkSection(file.section('network'));
  if (onnx === undefined) {
    return { why: 'the previous model has no network' };
  }
  if (file.optional('priors') === undefined) {
    return { why: 'the previous model is of a version whose networks had no priors' };
  }
  const content = readContent((name) => file.section(name));
  const context = contextOf(content, sizes);
  const { spec } = parseNetwork(onnx);
  const same =
    JSON.stringify(spec.embeddings) === JSON.stringify(context.embeddings) &&
    spec.levels === LEVELS &&
    spec.classes === MAX_BINS &&
    spec.hidden.length === 2 &&
    spec.hidden[0] === spec.hidden[1];
  if (!same) {
    return { why: 'the network of the previous model has other inputs or layers' };
  }
  const rows = embeddingKeys(content, context).map((keys) => new Map(keys.map((key, row) => [key, row])));
  const model = file.manifest.id;
  const lastSegment = content.segments.count - 1;
  const inputs = namesOf(context);
  return { network: { model, widths: { sizes, hidden: spec.hidden }, onnx, inputs, rows, lastSegment } };
}

function namesOf({ embeddings }: RowContext): string[] {
  return embeddings.map(({ name }) => name);
}

/** The network, where it sees what one of this content is to see: whether traces have a pace follows from the batch. */
export function startFor(previous: Previous, content: ModelContent): Previous {
  if (!('network' in previous)) {
    return previous;
  }
  const { inputs, widths } = previous.network;
  return inputs.join() === namesOf(contextOf(content, widths.sizes)).join()
    ? previous
    : { why: 'the network of the previous model does not see what one for these traces has to' };
}

/** For each embedding, the previous network's row of the same name for each row; −1 where there is none. */
export function rowsTakenOver(previous: PreviousNetwork, content: ModelContent, context: RowContext): Int32Array[] {
  return embeddingKeys(content, context).map((keys, e) =>
    Int32Array.from(keys, (key) =>
      context.embeddings[e]?.name === 'segment' ? previous.lastSegment : (previous.rows[e]?.get(key) ?? -1)
    )
  );
}
