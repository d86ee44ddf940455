// Bundles the Node half with esbuild: build/gent.cjs (the command) and build/worker.cjs (worker threads).
// onnxruntime stays outside: it loads its native library from its own folder. `--notices`: the licences beside them.
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNotices } from './notices.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Bundles the Node entry points into `outdir`.
 * @param {{ outdir?: string, minify?: boolean, entryPoints?: Record<string, string> }} options
 * @returns esbuild's result with its metafile
 */
export async function buildNode({ outdir = path.join(root, 'build'), minify = false, entryPoints } = {}) {
  const version = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;
  return build({
    entryPoints: entryPoints ?? {
      gent: path.join(root, 'pkg/cli/main.ts'),
      worker: path.join(root, 'pkg/worker/main.ts'),
    },
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify,
    sourcemap: minify ? false : 'linked',
    legalComments: 'none',
    external: ['onnxruntime-node', 'onnxruntime-web'],
    define: { __GENT_VERSION__: JSON.stringify(version), __GENT_BUNDLED__: 'true' },
    logLevel: 'warning',
    metafile: true,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // No top-level await: Jest's global set-up loads this module with require().
  buildNode()
    .then(({ metafile }) => {
      if (process.argv.includes('--notices')) {
        writeNotices(path.join(root, 'build'), Object.keys(metafile.inputs));
      }
    })
    .catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}
