// npm run compatibility [-- --versions 12.4.0,13.2.2]: asks Grafana's levitate whether the browser half uses only what
// @grafana/data, runtime and ui of those versions have. Downloads levitate and the packages' types through npm.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root } from './build-node.mjs';

const LEVITATE = '@grafana/levitate@0.17.2';
const PACKAGES = ['@grafana/data', '@grafana/runtime', '@grafana/ui'];

const { values } = parseArgs({ options: { versions: { type: 'string', default: '11.5.0,12.4.6,13.2.2' } } });
let failed = 0;
for (const version of values.versions.split(',')) {
  const target = PACKAGES.map((name) => `${name}@${version}`).join(',');
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['--yes', LEVITATE, 'is-compatible', '--path', 'src/module.ts', '--target', target],
    { cwd: root, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } }
  );
  const report = `${stdout}${stderr}`;
  const removed = [...report.matchAll(/\) Removed `([^`]+)`/g)].map(([, name]) => name);
  const changed = [...report.matchAll(/INCOMPATIBILITIES \((\d+)\)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  if (status === 0) {
    console.log(`Grafana ${version}: compatible`);
  } else if (changed > 0 && removed.length === 0) {
    // levitate counts a type that gained fields, too.
    console.log(`Grafana ${version}: nothing that is used was removed; types that differ: ${changed}\n${report}`);
  } else {
    failed += 1;
    console.log(`Grafana ${version}: not compatible: ${removed.join(', ') || `exit code ${status}`}\n${report}`);
  }
}
process.exit(failed > 0 ? 1 : 0);
