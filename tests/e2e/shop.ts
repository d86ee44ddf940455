/** @file What the tests in Grafana look at: models of the demo shop's last hour, and the plugin as it ships. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { simulateShop } from '../../pkg/pandora';
import { writeTraces } from '../../pkg/trace';

export const ROOT = path.resolve(__dirname, '../..');
export const GENT = path.join(ROOT, 'build/gent.cjs');
export const PLUGIN = 'gent-traces-datasource';
/** Traces of the newer model; the older one has half as many, so that rates differ. */
export const TRACES = 700;
export const MODELS = 2;
const MINUTES = 25;
const EPOCHS = 3;
/** Services that every run of the shop has. */
export const SERVICES = ['cart', 'catalogue', 'checkout', 'frontend', 'inventory', 'payment'];

/** Runs a program of the checkout. @throws Error with what it printed when it fails */
function must(command: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${path.basename(args[0] ?? command)} failed with code ${status}:\n${stdout}${stderr}`);
  }
}

function newest(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((latest, entry) => {
    const file = path.join(directory, entry.name);
    return Math.max(latest, entry.isDirectory() ? newest(file) : statSync(file).mtimeMs);
  }, 0);
}

/** The plugin as it ships, in a directory of its own. The browser half is built again only when src/ is newer. */
export function installPlugin(plugins: string): void {
  const directory = path.join(plugins, PLUGIN);
  const dist = path.join(ROOT, 'dist');
  const built = statSync(path.join(dist, 'module.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newest(path.join(ROOT, 'src'))) {
    must(process.execPath, [path.join(ROOT, 'scripts/build-plugin.mjs')]);
  }
  must(process.execPath, [path.join(ROOT, 'scripts/build-plugin.mjs'), '--backend-only', '--out', directory]);
  for (const name of readdirSync(dist).filter((file) => /\.js(\.map)?$/.test(file))) {
    copyFileSync(path.join(dist, name), path.join(directory, name));
  }
}

/** Publishes two models to `store`: of the last 25 minutes, and of 25 minutes that lie 30 minutes before. */
export async function trainShop(directory: string, store: string): Promise<void> {
  mkdirSync(store, { recursive: true });
  for (const { seed, count, ago } of [
    { seed: 7, count: TRACES, ago: MINUTES + 2 },
    { seed: 8, count: TRACES / 2, ago: MINUTES + 32 },
  ]) {
    const file = path.join(directory, `traces-${seed}.ndjson`);
    const startUnixNano = BigInt(Date.now() - ago * 60_000) * 1_000_000n;
    await writeTraces(file, simulateShop({ seed, count, minutes: MINUTES, startUnixNano }));
    must(process.execPath, [GENT, 'train', '--traces', file, '--store', store, '--epochs', String(EPOCHS)]);
    rmSync(file);
  }
}
