/** @file Entry of the plugin's backend (dist/backend.cjs): answers from a store of models, or from an address. */
import { GentError } from '../common';
import { modelEngine } from '../query';
import { openStore } from '../store';
import { runPlugin } from './plugin';
import { remoteEngine } from './remote';

void runPlugin(async ({ store, address, token, maxSpans, cacheBytes }, log) => {
  if (address !== undefined) {
    return remoteEngine(address, token);
  }
  if (store === undefined) {
    throw new GentError('PLUGIN_SETTINGS', 'no store is set: name the directory that the trainer publishes models to');
  }
  return modelEngine(await openStore(store, { logger: log }), {
    ...(maxSpans === undefined ? {} : { maxSpans }),
    ...(cacheBytes === undefined ? {} : { traceCacheBytes: cacheBytes }),
  });
});
