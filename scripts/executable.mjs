// The backend as one executable that needs no Node on the machine: Node's single-executable applications (SEA).
// https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html (assets need Node 20.12)
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './build-node.mjs';

/** The mark in Node's binary that says where the program goes, of Node's documentation. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Runs the bundle as an ordinary CommonJS module that lies beside the executable: `require` of an embedded main script
 * knows Node's own modules only, and onnxruntime's native library has to be loaded from a folder.
 */
const MAIN = `
const Module = require('node:module');
const path = require('node:path');
const file = path.join(path.dirname(process.execPath), 'bundle.cjs');
const main = new Module(file);
main.filename = file;
main.paths = Module._nodeModulePaths(path.dirname(file));
main._compile(require('node:sea').getAsset('bundle', 'utf8'), file);
`;

const POSTJECT = path.join(root, 'node_modules/postject/dist/cli.js');

/** Runs a program whose output matters only when it fails. */
function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${path.basename(program)} ${args[0]} failed with code ${status}:\n${stdout}${stderr}`);
  }
}

/** Debug symbols take a sixth of Node; they must go before the program comes in. Without `strip` they stay. */
function strip(file) {
  spawnSync('strip', [file], { stdio: 'ignore' });
}

/**
 * Writes an executable that runs a bundle.
 * @param {{ bundle: string, target: string, node?: string, os?: string }} options - `bundle`: a CommonJS file with
 *   everything but what lies in node_modules beside `target`; `node`: binary to copy, of the target's platform and the
 *   very version that runs this script (default: the one that runs it); `os`: linux or darwin (default: this machine's)
 */
export function writeExecutable({ bundle, target, node = process.execPath, os = process.platform }) {
  const directory = mkdtempSync(path.join(tmpdir(), 'gent-executable-'));
  try {
    const main = path.join(directory, 'main.cjs');
    const blob = path.join(directory, 'main.blob');
    const config = path.join(directory, 'sea.json');
    writeFileSync(main, MAIN);
    // Without the code cache the program fits every processor.
    const options = { main, output: blob, assets: { bundle }, disableExperimentalSEAWarning: true };
    writeFileSync(config, JSON.stringify(options));
    run(process.execPath, ['--experimental-sea-config', config]);
    copyFileSync(node, target);
    chmodSync(target, 0o755);
    const mac = os === 'darwin';
    if (mac) {
      // macOS runs only signed programs: the old signature goes before, an ad hoc one comes after.
      run('codesign', ['--remove-signature', target]);
    } else {
      strip(target);
    }
    const segment = mac ? ['--macho-segment-name', 'NODE_SEA'] : [];
    run(process.execPath, [POSTJECT, target, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment]);
    if (mac) {
      run('codesign', ['--sign', '-', target]);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
