// Installs the dependencies when node_modules does not hold what package-lock.json names; silent otherwise.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The packages of a lock file by their folder; undefined where there is no such file. */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether what npm noted of its last installation is what is wanted. By content, not by time: a change of branch
 * touches package-lock.json without changing it, and installing takes minutes.
 */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) {
    return false;
  }
  // Packages of other platforms are optional and are not there.
  const missing = ([folder, { optional, link }]) =>
    folder !== '' && !optional && !link && installed[folder] === undefined;
  const differs = ([folder, { version }]) => wanted[folder] !== undefined && wanted[folder].version !== version;
  return !Object.entries(wanted).some(missing) && !Object.entries(installed).some(differs);
}

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`gent: Node 20 or newer is needed, this is ${process.version}`);
  process.exit(1);
}
if (!isInstalled()) {
  console.error('Installing dependencies (once, a minute or two) …');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (install.status !== 0) {
    console.error('gent: the dependencies could not be installed; npm said why above');
    process.exit(1);
  }
}
