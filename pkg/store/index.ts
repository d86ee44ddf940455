/** @file The door of pkg/store: where models live. */
import { fileURLToPath } from 'node:url';
import { GentError } from '../common';
import { type DirectoryStoreOptions, openDirectoryStore } from './directory';
import type { ModelStore } from './types';

export * from './types';
export { modelFileName } from './publishing';

export type StoreOptions = DirectoryStoreOptions;

/**
 * Opens a store.
 * @param location - a directory, as a path or a file: URL
 * @throws GentError STORE_UNSUPPORTED for any other kind of address
 */
export async function openStore(location: string, options: StoreOptions = {}): Promise<ModelStore> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (scheme === 'file') {
    return openDirectoryStore(fileURLToPath(location), options);
  }
  if (scheme !== undefined) {
    throw new GentError('STORE_UNSUPPORTED', `${location}: stores of kind ${scheme} are not known`);
  }
  if (location === '') {
    throw new GentError('STORE_UNSUPPORTED', 'no store was named');
  }
  return openDirectoryStore(location, options);
}
