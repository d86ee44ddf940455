// npm run package [-- --platform linux/amd64]: builds dist/ and zips it as Grafana installs plugins,
// artifacts/<id>-<version>.zip with one folder <id> in it (and the platform in the name when one was asked for).
import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import yazl from 'yazl';
import { root } from './build-node.mjs';

const { values } = parseArgs({ options: { platform: { type: 'string' }, 'skip-build': { type: 'boolean' } } });
const dist = path.join(root, 'dist');
if (!values['skip-build']) {
  const platform = values.platform === undefined ? [] : ['--platform', values.platform];
  const build = spawnSync(process.execPath, [path.join(root, 'scripts/build-plugin.mjs'), ...platform], {
    stdio: 'inherit',
  });
  if (build.status !== 0) {
    process.exit(build.status ?? 1);
  }
}

const { id, info } = JSON.parse(readFileSync(path.join(dist, 'plugin.json'), 'utf8'));
const suffix = values.platform === undefined ? '' : `.${values.platform.replace('/', '_')}`;
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
  zip.addFile(file, `${id}/${name.split(path.sep).join('/')}`, { mode: mode & 0o111 ? 0o100755 : 0o100644, mtime });
}
zip.end();
await pipeline(zip.outputStream, createWriteStream(target));
console.log(`${path.relative(root, target)} ${(statSync(target).size / 1e6).toFixed(1)} MB, ${files.length} files`);
