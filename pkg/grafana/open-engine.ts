/** @file Opens what the settings of a data source name: a directory or bucket of models, or an address. */
import { GentError, type Logger } from '../common';
import { modelEngine } from '../query';
import { type ModelStore, openStore } from '../store';
import type { Backend } from './instances';
import { remoteEngine } from './remote';
import type { InstanceSettings } from './settings';

async function openModels({ store, bucket }: InstanceSettings, logger: Logger): Promise<ModelStore> {
  if (bucket !== undefined) {
    const address = `s3://${bucket.bucket ?? ''}/${bucket.prefix ?? ''}`;
    return openStore(address, { logger, s3: bucket });
  }
  if (store === undefined) {
    throw new GentError('PLUGIN_SETTINGS', 'no store is set: name the directory that the trainer publishes models to');
  }
  return openStore(store, { logger });
}

/** The engine of a data source, and the store behind it where there is one. */
export async function openEngine(settings: InstanceSettings, log: Logger): Promise<Backend> {
  const { address, access, maxSpans, cacheBytes } = settings;
  if (address !== undefined) {
    return { engine: remoteEngine(address, access) };
  }
  const store = await openModels(settings, log);
  const engine = modelEngine(store, {
    ...(maxSpans === undefined ? {} : { maxSpans }),
    ...(cacheBytes === undefined ? {} : { traceCacheBytes: cacheBytes }),
  });
  return { engine, store };
}
