/** @file The plugin built as it ships, without the browser half, in a directory of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PluginHost } from './host';

const GO_ARCH: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface BuiltPlugin {
  /** The plugin's directory, outside the repository: nothing of node_modules can be found from there. */
  readonly directory: string;
  /** The executable Grafana would start on this machine. */
  readonly executable: string;
  /** Starts it with the Node that runs the tests. */
  start(env?: Record<string, string>): Promise<PluginHost>;
  remove(): void;
}

/**
 * Builds the plugin from the repository at `root`.
 * @param entry - another main module than the plugin's own
 * @param flags - more arguments of scripts/build-plugin.mjs
 */
export function buildPlugin(root: string, entry?: string, flags: readonly string[] = []): BuiltPlugin {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-plugin-'));
  const script = path.join(root, 'scripts/build-plugin.mjs');
  const args = [
    script,
    '--backend-only',
    '--out',
    directory,
    ...flags,
    ...(entry === undefined ? [] : ['--entry', entry]),
  ];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (run.status !== 0) {
    throw new Error(`the plugin did not build:\n${run.stdout}${run.stderr}`);
  }
  const executable = path.join(directory, `gpx_gent_${process.platform}_${GO_ARCH[process.arch] ?? process.arch}`);
  return {
    directory,
    executable,
    start: (env = {}) => PluginHost.start(executable, [], { GF_PLUGIN_NODE: process.execPath, ...env }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
