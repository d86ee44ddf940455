/** @file Models of a data source as files: their manifests, their bytes, and putting new ones in. */
import { asGentError, GentError, limit } from '../common';
import { openModel } from '../generate';
import { type Manifest, readModelFile } from '../model';
import type { ModelStore, StoredModel } from '../store';
import type { Instance } from './instances';

/** Roles of Grafana that may put models into a store. */
const WRITERS = new Set(['Admin', 'Editor']);
const MODEL_ID = /^[0-9a-f]{4,32}$/;

function storeOf({ store, settings }: Instance): ModelStore {
  if (store === undefined) {
    const where =
      settings.address === undefined ? 'this data source keeps no models' : `models are at ${settings.address}`;
    throw new GentError('PLUGIN_NO_STORE', `${where}, not in a store of this data source`);
  }
  return store;
}

/**
 * The bytes of a model.
 * @param id - the model's id, or the beginning of it that only one has
 * @throws GentError PLUGIN_NO_STORE, PLUGIN_MODEL_NOT_FOUND, STORE_*
 */
export async function readModel(instance: Instance, id: string): Promise<{ model: StoredModel; bytes: Uint8Array }> {
  const store = storeOf(instance);
  const wanted = id.toLowerCase();
  const { models } = await store.list();
  const found = MODEL_ID.test(wanted) ? models.filter((model) => model.id.startsWith(wanted)) : [];
  const [model, other] = found;
  if (model === undefined || other !== undefined) {
    const what = model === undefined ? 'is not in the store' : `is the beginning of ${found.length} ids`;
    throw new GentError('PLUGIN_MODEL_NOT_FOUND', `model ${JSON.stringify(id.slice(0, 64))} ${what}`);
  }
  return { model, bytes: await store.read(model.file) };
}

/** The manifest of a model of the store, from the file itself. */
export async function readManifestOf(
  instance: Instance,
  id: string
): Promise<{ model: StoredModel; manifest: Manifest }> {
  const { model, bytes } = await readModel(instance, id);
  return { model, manifest: readModelFile(bytes).manifest };
}

/** Who brings a model. */
export interface Uploader {
  readonly login: string;
  readonly role: string;
}

/**
 * Puts a model into the store. It is read whole first: hashes, every section, the network; only then does it appear.
 * @returns the model, and whether the store had it already
 * @throws GentError PLUGIN_FORBIDDEN, PLUGIN_NO_STORE, LIMIT_EXCEEDED, MODEL_*, NN_*, STORE_*
 */
export async function uploadModel(
  instance: Instance,
  bytes: Uint8Array,
  uploader: Uploader | undefined
): Promise<{ model: StoredModel; known: boolean }> {
  if (uploader === undefined || !WRITERS.has(uploader.role)) {
    const role = uploader === undefined ? 'nobody is signed in' : `the role ${uploader.role || 'None'} may only read`;
    throw new GentError('PLUGIN_FORBIDDEN', `no model was stored: ${role}`);
  }
  const store = storeOf(instance);
  const most = limit('PLUGIN_UPLOAD_BYTES');
  if (bytes.length > most) {
    throw new GentError('LIMIT_EXCEEDED', `the model has ${bytes.length} bytes, PLUGIN_UPLOAD_BYTES=${most}`);
  }
  if (bytes.length === 0) {
    throw new GentError('STORE_BAD_MODEL', 'no model was sent: the body is empty');
  }
  const opened = await openModel(bytes).catch((error: unknown) => {
    throw asGentError(error);
  });
  const { modelId } = opened;
  await opened.close();
  const known = (await store.list()).models.find((model) => model.id === modelId);
  return known === undefined ? { model: await store.publish(bytes), known: false } : { model: known, known: true };
}
