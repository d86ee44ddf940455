// The licences of everything that is handed on with GenT, as those licences ask.
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const modules = path.join(root, 'node_modules');
const LICENCE_FILES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'License', 'LICENSE-MIT'];
/** Not bundled, but handed on beside every bundle. */
const BESIDE = ['onnxruntime-node', 'onnxruntime-common'];

function noticeOf(name) {
  const dir = path.join(modules, name);
  const info = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));
  const file = LICENCE_FILES.map((candidate) => path.join(dir, candidate)).find((candidate) => existsSync(candidate));
  const text = file === undefined ? `Licence: ${info.license}` : readFileSync(file, 'utf8').trim();
  return `${name} ${info.version} (${info.license})\n\n${text}`;
}

/** Node's licence and those of what it contains: at the top of Node's own archive, with the documents in Debian's package. */
function nodeNotice(node) {
  const tops = [node, process.execPath].map((binary) => path.resolve(realpathSync(binary), '../..'));
  const file = [...tops.map((top) => path.join(top, 'LICENSE')), '/usr/share/doc/nodejs/LICENSE'].find(
    (candidate) => existsSync(candidate) && /node\.js/i.test(readFileSync(candidate, 'utf8'))
  );
  const source = `https://raw.githubusercontent.com/nodejs/node/${process.version}/LICENSE`;
  if (file === undefined) {
    console.error(`Node's LICENSE is not beside ${node}: before you hand the executable on, add ${source}`);
  }
  const text = file === undefined ? `Licence: ${source}` : readFileSync(file, 'utf8').trim();
  return `Node.js ${process.version.slice(1)}\n\n${text}`;
}

/**
 * Writes THIRD_PARTY_NOTICES.txt.
 * @param {string} directory - where
 * @param {string[]} inputs - files that were bundled, as esbuild's metafile names them
 * @param {string} [node] - the Node binary that is handed on too
 */
export function writeNotices(directory, inputs, node) {
  const packages = new Set(BESIDE);
  for (const input of inputs) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name !== undefined) {
      packages.add(name);
    }
  }
  const head = 'GenT contains the following software, each under its own licence.';
  const parts = [head, ...[...packages].sort().map(noticeOf), ...(node === undefined ? [] : [nodeNotice(node)])];
  writeFileSync(path.join(directory, 'THIRD_PARTY_NOTICES.txt'), `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}
