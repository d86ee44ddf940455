// Runs the fuzzers in tests/fuzz/*.fuzz.ts: `npm run fuzz -- [--inputs N] [--seed N] [name …]`.
// Each module exports `name` and `run({ inputs, seed, log })`, which returns what went wrong, a line each.
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});

const dir = path.join(root, 'tests/fuzz');
const modules = readdirSync(dir).filter((file) => file.endsWith('.fuzz.ts'));
const outdir = path.join(root, 'build/fuzz');
await build({
  entryPoints: modules.map((file) => path.join(dir, file)),
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['onnxruntime-node', 'onnxruntime-web'],
  logLevel: 'warning',
});

const require = createRequire(import.meta.url);
let failed = 0;
for (const file of modules) {
  const module = require(path.join(outdir, file.replace(/\.ts$/, '.cjs')));
  if (positionals.length > 0 && !positionals.includes(module.name)) {
    continue;
  }
  const failures = await module.run({
    inputs: Number(values.inputs),
    seed: Number(values.seed),
    log: (line) => process.stdout.write(`${line}\n`),
  });
  for (const failure of failures) {
    process.stderr.write(`${module.name}: ${failure}\n`);
  }
  failed += failures.length;
}
process.exitCode = failed > 0 ? 1 : 0;
