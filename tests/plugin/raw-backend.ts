/** @file The plugin's backend over raw traces: the same protocol, with answers that a test can know beforehand. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { GentError } from '../../pkg/common';
import { runPlugin } from '../../pkg/grafana';
import { rawEngine } from '../../pkg/query';
import { readAllTraces } from '../../pkg/trace';

void runPlugin(async ({ store }) => {
  if (store === undefined) {
    throw new GentError('PLUGIN_SETTINGS', 'no store is set');
  }
  const names = await readdir(store).catch((error: unknown) => {
    throw new GentError('STORE_UNAVAILABLE', `the directory ${store} cannot be read`, { cause: error });
  });
  const files = names.filter((name) => name.endsWith('.ndjson')).map((name) => path.join(store, name));
  if (process.env.GENT_TEST_CRASH !== undefined) {
    setTimeout(() => {
      throw new Error('crash on purpose');
    }, 1);
  }
  const traces = (await Promise.all(files.map((file) => readAllTraces(file)))).flat();
  return { engine: rawEngine(traces, store) };
});
