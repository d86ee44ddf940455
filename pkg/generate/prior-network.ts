/** @file A network with its priors: whoever asks it gets the logits that spans are drawn from. */
import { GentError } from '../common';
import { PriorTable, readPriors, type ModelContent, type RowContext } from '../features';
import { ByteReader } from '../model';
import { loadNetwork, type IntegerNetwork, type Runtime } from '../nn';

/**
 * Reads the section `priors`.
 * @param data - undefined in models of version 1, whose networks say everything themselves
 * @throws GentError MODEL_CORRUPT
 */
function readPriorTable(
  content: ModelContent,
  context: RowContext,
  data: Uint8Array | undefined
): PriorTable | undefined {
  return data === undefined
    ? undefined
    : new PriorTable(content, context, readPriors(new ByteReader(data, 'priors'), content, context));
}

/** The network whose logits have the priors added. */
export function withPriors(network: IntegerNetwork, priors: PriorTable | undefined): IntegerNetwork {
  if (priors === undefined) {
    return network;
  }
  const { spec } = network;
  return {
    spec,
    async logits(rows) {
      const logits = await network.logits(rows);
      priors.addTo(logits, spec.classes, rows);
      return logits;
    },
    close: () => network.close(),
  };
}

/** What a network of a file is opened from. */
export interface NetworkParts {
  readonly onnx: Uint8Array;
  readonly content: ModelContent;
  readonly context: RowContext;
  /** The bytes of the section `priors`, inflated when they are asked for. */
  readonly priors: () => Uint8Array | undefined;
  readonly runtime: Runtime;
}

/**
 * The network of a file, checked against what it is to be asked.
 * @throws GentError NN_BAD_NETWORK, MODEL_CORRUPT
 */
export async function openNetwork({ onnx, content, context, priors, runtime }: NetworkParts): Promise<IntegerNetwork> {
  const network = await loadNetwork(onnx, { runtime });
  const { spec } = network;
  const fits =
    spec.embeddings.length === context.embeddings.length &&
    spec.embeddings.every((embedding, e) => embedding.vocabulary >= (context.embeddings[e]?.vocabulary ?? Infinity));
  if (!fits || spec.classes > 64) {
    await network.close();
    throw new GentError('MODEL_CORRUPT', 'section network: it does not fit the other sections');
  }
  return withPriors(network, readPriorTable(content, context, priors()));
}

/** A network that is opened by the first question: a query over many models draws from few of them. */
export function lazyNetwork(open: () => Promise<IntegerNetwork>): IntegerNetwork {
  let opening: Promise<IntegerNetwork> | undefined;
  let opened: IntegerNetwork | undefined;
  return {
    get spec() {
      if (opened === undefined) {
        throw new GentError('INTERNAL', 'the network was not asked yet');
      }
      return opened.spec;
    },
    async logits(rows) {
      opened ??= await (opening ??= open());
      return opened.logits(rows);
    },
    async close() {
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}
