// Builds dist/, a complete Grafana plugin: the browser half with webpack, then the backend, its launchers and the
// native files of one platform. `--platform linux/amd64` (default: this machine), `--backend-only`, `--executable` (no
// Node needed on the machine), and for tests `--out DIR`, `--entry FILE`.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildNode, root } from './build-node.mjs';
import { writeExecutable } from './executable.mjs';
import { writeNotices } from './notices.mjs';

const dist = path.join(root, 'dist');
const modules = path.join(root, 'node_modules');
const manifest = JSON.parse(readFileSync(path.join(root, 'plugin.json'), 'utf8'));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

// Go's names for platforms, which Grafana uses, and Node's.
const NODE_ARCH = { amd64: 'x64', arm64: 'arm64' };
const GO_ARCH = { x64: 'amd64', arm64: 'arm64' };
export const PLATFORMS = ['linux/amd64', 'linux/arm64', 'darwin/arm64'];

/** The platform of this machine as Grafana names it, e.g. linux/amd64. */
export function currentPlatform() {
  return `${process.platform}/${GO_ARCH[process.arch] ?? process.arch}`;
}

/** The browser half, into dist/, which is emptied first. */
export function buildFrontend() {
  const config = path.join(root, '.config/webpack/webpack.config.js');
  const cli = path.join(modules, 'webpack-cli/bin/cli.js');
  const run = spawnSync(process.execPath, [cli, '-c', config, '--env', 'production'], { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) {
    throw new Error(`webpack failed with exit code ${run.status}`);
  }
}

/** plugin.json and the documents: webpack copies them too, but the backend alone must be loadable as well. */
function copyManifest(out) {
  const today = new Date().toISOString().slice(0, 10);
  const fill = (text) =>
    text.replaceAll('%VERSION%', version).replaceAll('%TODAY%', today).replaceAll('%PLUGIN_ID%', manifest.id);
  writeFileSync(path.join(out, 'plugin.json'), fill(readFileSync(path.join(root, 'plugin.json'), 'utf8')));
  for (const [file, ...sources] of [
    ['README.md', 'src/README.md', 'README.md'],
    ['CHANGELOG.md', 'CHANGELOG.md'],
    ['LICENSE', 'LICENSE'],
  ]) {
    const source = sources.map((name) => path.join(root, name)).find((name) => existsSync(name));
    if (source !== undefined) {
      writeFileSync(path.join(out, file), fill(readFileSync(source, 'utf8')));
    }
  }
  cpSync(path.join(root, 'src/img'), path.join(out, 'img'), { recursive: true });
  // Offered on the data source's page; provisioning reads the same files.
  const dashboards = path.join(root, 'provisioning/dashboards');
  for (const { type, path: file } of manifest.includes ?? []) {
    if (type === 'dashboard') {
      mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
      copyFileSync(path.join(dashboards, path.basename(file)), path.join(out, file));
    }
  }
}

/** onnxruntime as it is installed, without its install scripts and the libraries of other platforms. */
function copyOnnxruntime(out, platform) {
  const [os, goArch] = platform.split('/');
  const native = path.join('bin/napi-v6', os, NODE_ARCH[goArch] ?? '');
  const from = path.join(modules, 'onnxruntime-node');
  if (goArch === undefined || !existsSync(path.join(from, native))) {
    throw new Error(`onnxruntime-node has no native library for ${platform}`);
  }
  rmSync(path.join(out, 'node_modules'), { recursive: true, force: true });
  const runtime = path.join(out, 'node_modules/onnxruntime-node');
  const wanted = (source) =>
    !/\.(d\.ts|map)$/.test(source) &&
    // Two names of one library: the binding asks for the one with the major version.
    !/libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(source);
  const copy = (source, target) => cpSync(source, target, { recursive: true, filter: wanted });
  copy(path.join(from, 'dist'), path.join(runtime, 'dist'));
  copy(path.join(from, native), path.join(runtime, native));
  copyFileSync(path.join(from, 'package.json'), path.join(runtime, 'package.json'));
  const common = path.join(out, 'node_modules/onnxruntime-common');
  copy(path.join(modules, 'onnxruntime-common/dist/cjs'), path.join(common, 'dist/cjs'));
  copyFileSync(path.join(modules, 'onnxruntime-common/package.json'), path.join(common, 'package.json'));
}

/** The file that Grafana starts on a platform. */
const startFile = (out, platform) => path.join(out, `${manifest.executable}_${platform.replace('/', '_')}`);

function writeLaunchers(out) {
  for (const platform of PLATFORMS) {
    const file = startFile(out, platform);
    copyFileSync(path.join(root, 'scripts/launcher/gpx.sh'), file);
    chmodSync(file, 0o755);
  }
}

/** One executable in place of the launchers and the bundle. */
function replaceByExecutable(out, platform, node) {
  PLATFORMS.forEach((one) => rmSync(startFile(out, one), { force: true }));
  const bundle = path.join(out, 'backend.cjs');
  writeExecutable({ bundle, target: startFile(out, platform), node, os: platform.split('/')[0] });
  rmSync(bundle);
}

/**
 * Everything of the plugin but the browser half, into `out`.
 * @param {{ out?: string, platform?: string, entry?: string, executable?: boolean, node?: string }} options - `entry`:
 *   another main module (tests); `executable`: with Node in it, from the binary `node` (default: this one)
 */
export async function buildBackend({ out = dist, platform = currentPlatform(), entry, executable, node } = {}) {
  mkdirSync(out, { recursive: true });
  const result = await buildNode({
    outdir: out,
    minify: true,
    entryPoints: {
      backend: entry ?? path.join(root, 'pkg/grafana/main.ts'),
      worker: path.join(root, 'pkg/worker/main.ts'),
    },
  });
  copyManifest(out);
  copyOnnxruntime(out, platform);
  writeNotices(out, Object.keys(result.metafile.inputs), executable ? (node ?? process.execPath) : undefined);
  if (executable) {
    replaceByExecutable(out, platform, node);
  } else {
    writeLaunchers(out);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string' },
      'backend-only': { type: 'boolean', default: false },
      executable: { type: 'boolean', default: false },
      node: { type: 'string' },
      out: { type: 'string' },
      entry: { type: 'string' },
    },
  });
  const { 'backend-only': backendOnly, ...options } = values;
  if (!backendOnly) {
    buildFrontend();
  }
  await buildBackend(options);
}
