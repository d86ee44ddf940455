// npm run bench [-- NAME… --quick --data DIR --json FILE; fidelity: --set NAME --seeds N --reference]: runs tests/bench/NAME.bench.ts, each in a process of its own.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildNode, root } from './build-node.mjs';

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    data: { type: 'string' },
    json: { type: 'string' },
    // Of the benchmark `fidelity`.
    set: { type: 'string' },
    seeds: { type: 'string' },
    reference: { type: 'boolean' },
  },
  allowPositionals: true,
});
const benchDir = path.join(root, 'tests/bench');
const all = readdirSync(benchDir)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}
const names = positionals.length > 0 ? positionals : all;
const dataDir = values.data ?? path.resolve(root, '../shared/data');
const outDir = path.join(root, 'build/bench');
mkdirSync(outDir, { recursive: true });

await buildNode();
await build({
  entryPoints: Object.fromEntries(names.map((name) => [name, path.join(benchDir, `${name}.bench.ts`)])),
  outdir: outDir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['onnxruntime-node', 'onnxruntime-web', 'esbuild'],
  // Not bundled in the sense of the product: workers come from build/worker.cjs.
  define: { __GENT_BUNDLED__: 'false' },
  banner: { js: `const __benchRoot = ${JSON.stringify(root)};` },
  logLevel: 'warning',
});
const runner = path.join(outDir, 'run-one.cjs');
writeFileSync(
  runner,
  `const mod = require(process.argv[2]);
const bench = mod.bench ?? mod.default ?? mod;
const options = JSON.parse(process.argv[3]);
bench.run({ ...options, log: (line) => process.stderr.write('  ' + line + '\\n') }).then(
  (rows) => {
    require('fs').writeFileSync(process.argv[4], JSON.stringify(rows));
    process.exit(0);
  },
  (error) => { console.error(error); process.exit(1); }
);
`
);

const report = {};
let failed = 0;
for (const name of names) {
  console.log(`\n${name}`);
  const result = path.join(outDir, `${name}.result.json`);
  const { quick, set, seeds, reference } = values;
  const options = { quick, set, seeds, reference, dataDir: existsSync(dataDir) ? dataDir : undefined };
  const run = spawnSync(
    process.execPath,
    ['--expose-gc', runner, path.join(outDir, `${name}.cjs`), JSON.stringify(options), result],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: root,
    }
  );
  if (run.status !== 0) {
    console.log('  failed');
    failed += 1;
    continue;
  }
  const rows = JSON.parse(readFileSync(result, 'utf8'));
  report[name] = rows;
  const width = Math.max(...rows.map((row) => row.what.length), 10);
  for (const row of rows) {
    const value = Number.isInteger(row.value) ? String(row.value) : row.value.toPrecision(4);
    const target = row.target ? `  target ${row.target}` : '';
    console.log(
      `  ${row.what.padEnd(width)}  ${value.padStart(12)} ${row.unit.padEnd(10)}${target}${row.note ? `  ${row.note}` : ''}`
    );
  }
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
process.exit(failed > 0 ? 1 : 0);
