/** @file The door of pkg/store/s3: a bucket as a store. */
import type { ModelStore } from '../types';
import { parseS3Address, type S3Options, s3Settings } from './options';
import { S3Store, type S3StoreOptions } from './store';

export type { S3Options } from './options';

/**
 * Opens a bucket; `check` asks it at once whether it can be listed.
 * @param address - `s3://bucket/prefix?endpoint=…&region=…&pathStyle=…`, or the same as options, which come first
 * @throws GentError STORE_SETTINGS; with `check` also what listing throws
 */
export async function openS3Store(
  address: string | S3Options,
  options: S3StoreOptions & { readonly s3?: S3Options; readonly check?: boolean } = {}
): Promise<ModelStore> {
  const named = typeof address === 'string' ? parseS3Address(address) : address;
  const given = Object.entries(options.s3 ?? {}).filter(([, value]) => value !== undefined);
  const store = new S3Store(s3Settings({ ...named, ...Object.fromEntries(given) }), options);
  if (options.check) {
    await store.check();
  }
  return store;
}
