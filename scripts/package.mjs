// npm run package [-- --platform linux/amd64,linux/arm64 | all] [--executable [--node FILE]]: builds dist/ and zips it as
// Grafana installs plugins: artifacts/<id>-<version>.zip with one folder <id> in it (and the platform in the name when
// one was asked for). `--executable`: the backend with Node in it, so the machine needs none.
import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import yazl from 'yazl';
import { root } from './build-node.mjs';
import { buildBackend, buildFrontend, currentPlatform, PLATFORMS } from './build-plugin.mjs';

const dist = path.join(root, 'dist');

/** Zips dist/. @returns the path of the zip, relative to the checkout, its bytes and how many files it holds */
async function zipDist(suffix) {
  const { id, info } = JSON.parse(readFileSync(path.join(dist, 'plugin.json'), 'utf8'));
  const target = path.join(root, 'artifacts', `${id}-${info.version}${suffix}.zip`);
  mkdirSync(path.dirname(target), { recursive: true });
  const zip = new yazl.ZipFile();
  const files = readdirSync(dist, { recursive: true })
    .map((name) => String(name))
    .filter((name) => statSync(path.join(dist, name)).isFile())
    .sort();
  for (const name of files) {
    const file = path.join(dist, name);
    const { mode, mtime } = statSync(file);
    // Grafana's installer keeps the execute bit of the launchers.
    const kept = mode & 0o111 ? 0o100755 : 0o100644;
    zip.addFile(file, `${id}/${name.split(path.sep).join('/')}`, { mode: kept, mtime, compressionLevel: 9 });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(target));
  return { file: path.relative(root, target), bytes: statSync(target).size, files: files.length };
}

const { values } = parseArgs({
  options: {
    platform: { type: 'string' },
    executable: { type: 'boolean', default: false },
    node: { type: 'string' },
    'skip-build': { type: 'boolean', default: false },
  },
});
const { platform: asked, executable, node } = values;
const platforms = asked === 'all' ? PLATFORMS : (asked ?? currentPlatform()).split(',');
const unknown = platforms.filter((platform) => !PLATFORMS.includes(platform));
if (unknown.length > 0) {
  console.error(`no plugin for ${unknown.join(', ')}; there is one for ${PLATFORMS.join(', ')}`);
  process.exit(2);
}
if (executable && node === undefined && platforms.some((platform) => platform !== currentPlatform())) {
  console.error('an executable of another platform needs --node: a Node binary of that platform and this version');
  process.exit(2);
}
if (!values['skip-build']) {
  buildFrontend();
}
for (const platform of platforms) {
  if (!values['skip-build']) {
    await buildBackend({ platform, executable, node });
  }
  const named = asked === undefined ? '' : `.${platform.replace('/', '_')}`;
  const { file, bytes, files } = await zipDist(`${named}${executable ? '.executable' : ''}`);
  console.log(`${file} ${(bytes / 1e6).toFixed(1)} MB, ${files} files`);
}
