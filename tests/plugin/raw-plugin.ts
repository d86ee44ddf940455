/** @file The plugin over the traces of the fixture, as most tests of the protocol want it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuiltPlugin, buildPlugin } from './built';
import { fixtureNdjson } from './fixture';
import type { PluginHost } from './host';

/** The repository. */
export const ROOT = path.resolve(__dirname, '../..');

/** A built plugin, a directory of traces, and processes that end with the tests. */
export interface RawPlugin {
  readonly plugin: BuiltPlugin;
  readonly directory: string;
  /** The first process. */
  readonly host: PluginHost;
  /** Another process. */
  start(env?: Record<string, string>): Promise<PluginHost>;
  end(): Promise<void>;
}

export async function startRawPlugin(): Promise<RawPlugin> {
  const plugin = buildPlugin(ROOT, path.join(__dirname, 'raw-backend.ts'));
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-traces-'));
  writeFileSync(path.join(directory, 'traces.ndjson'), fixtureNdjson());
  const hosts: PluginHost[] = [];
  const start = async (env: Record<string, string> = {}): Promise<PluginHost> => {
    const host = await plugin.start(env);
    hosts.push(host);
    return host;
  };
  return {
    plugin,
    directory,
    host: await start(),
    start,
    async end() {
      await Promise.all(hosts.map((host) => host.kill()));
      plugin.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
