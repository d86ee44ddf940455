/** @file A network with its priors: whoever asks it gets the logits that spans are drawn from. */
import { PriorTable, readPriors, type ModelContent, type RowContext } from '../features';
import { ByteReader } from '../model';
import type { IntegerNetwork } from '../nn';

/**
 * Reads the section `priors`.
 * @param data - undefined in models of version 1, whose networks say everything themselves
 * @throws GentError MODEL_CORRUPT
 */
export function readPriorTable(
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
