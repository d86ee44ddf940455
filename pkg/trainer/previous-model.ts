/** @file The model that a rolling trainer goes on from: the last one of its store, or why there is none. */
import { asGentError, type Logger } from '../common';
import type { ModelStore, StoredModel } from '../store';

/** How the training of a model began. */
export interface Beginning {
  /** Id of the model that it went on from. */
  readonly from?: string;
  /** Embedding rows taken over from it, of how many. */
  readonly takenOver?: { readonly rows: number; readonly of: number };
  /** Why it began anew. */
  readonly anew?: string;
}

export type PreviousModel = { readonly id: string; readonly bytes: Uint8Array } | { readonly anew: string };

/** The model whose window ends last. */
function newest(models: readonly StoredModel[]): StoredModel | undefined {
  return models.reduce<StoredModel | undefined>(
    (best, model) => (best === undefined || model.window.end > best.window.end ? model : best),
    undefined
  );
}

/**
 * The bytes of the last model of a store. Never throws: without a model to go on from, training begins anew.
 * @param last - the model published last by this very process, where there is one
 */
export async function previousModel(
  store: ModelStore,
  last: StoredModel | undefined,
  logger: Logger
): Promise<PreviousModel> {
  try {
    const model = last ?? newest((await store.list()).models);
    return model === undefined
      ? { anew: 'the store holds no model yet' }
      : { id: model.id, bytes: await store.read(model.file) };
  } catch (thrown) {
    const { code, message } = asGentError(thrown);
    logger.warn('the last model cannot be read', { code, message });
    return { anew: `the last model of the store cannot be read: ${code}` };
  }
}

/** How it began, in words. */
export function beginningText({ from, takenOver, anew }: Beginning): string {
  return from === undefined
    ? `began anew: ${anew ?? 'there was nothing to go on from'}`
    : `went on from ${from}, ${takenOver?.rows ?? 0} of ${takenOver?.of ?? 0} embeddings`;
}
