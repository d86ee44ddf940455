/** @file The door of pkg/store: where models live. */
import { fileURLToPath } from 'node:url';
import { GentError } from '../common';
import { type DirectoryStoreOptions, openDirectoryStore } from './directory';
import { openS3Store, type S3Options } from './s3';
import type { ModelStore } from './types';

export * from './types';
export { modelFileName } from './publishing';
export type { S3Options } from './s3';

export interface StoreOptions extends DirectoryStoreOptions {
  /** What an s3:// address leaves open: endpoint, region, credentials. Comes before the address and the environment. */
  readonly s3?: S3Options;
}

/** true for the address of a bucket, false for that of a directory. */
export function isBucketAddress(location: string): boolean {
  return /^s3:\/\//i.test(location);
}

/**
 * Opens a store.
 * @param location - a directory, as a path or a file: URL, or a bucket as `s3://bucket/prefix`
 * @throws GentError STORE_UNSUPPORTED for any other kind of address, STORE_SETTINGS for a bucket that is named wrongly
 */
export async function openStore(location: string, options: StoreOptions = {}): Promise<ModelStore> {
  if (isBucketAddress(location)) {
    return openS3Store(location, { ...options, ...(options.create ? { check: true } : {}) });
  }
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
