/** @file What is checked before a model is published, wherever to, and how its file is named. */
import path from 'node:path';
import { GentError } from '../common';
import { factsOfBytes } from './manifest';
import type { StoredModel } from './types';

/** File name extension of models. */
export const MODEL_EXTENSION = '.gent';

/** `<window start>-<id>.gent`: sorts by time, and the same bytes always have the same name. */
export function modelFileName(model: Pick<StoredModel, 'id' | 'window'>): string {
  const start = new Date(Number(model.window.start / 1_000_000n));
  const time = Number.isNaN(start.getTime()) ? 'unknown' : start.toISOString().replace(/\.\d+Z$/, 'Z');
  return `${time.replaceAll(':', '-')}-${model.id}${MODEL_EXTENSION}`;
}

/**
 * A name that leads to no other place than the store itself.
 * @throws GentError STORE_BAD_MODEL
 */
export function checkedName(name: string): string {
  if (name !== path.basename(name) || name === '' || name === '.' || name === '..') {
    throw new GentError('STORE_BAD_MODEL', `'${name}' is not a file name`);
  }
  return name;
}

/**
 * Verifies a whole model that is to be published.
 * @param name - its file name; by default {@link modelFileName}
 * @throws GentError STORE_BAD_MODEL when the bytes are no whole model, or the name is none for one
 */
export function modelToPublish(bytes: Uint8Array, name?: string): StoredModel {
  let model: StoredModel;
  try {
    const facts = factsOfBytes(bytes);
    model = { ...facts, bytes: bytes.length, file: name ?? modelFileName(facts), createdUnixMs: Date.now() };
  } catch (error) {
    throw new GentError('STORE_BAD_MODEL', `not published: ${(error as Error).message}`, { cause: error });
  }
  if (!model.file.endsWith(MODEL_EXTENSION)) {
    throw new GentError('STORE_BAD_MODEL', `the name ${model.file} does not end in ${MODEL_EXTENSION}`);
  }
  checkedName(model.file);
  return model;
}
