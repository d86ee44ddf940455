// Publishes the models of a directory into a store, over and over, until it is killed. Says `ready` when it begins.
// node publish-until-killed.mjs BUNDLE STORE MODEL…
import { readFileSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [bundle, location, ...files] = process.argv.slice(2);
const { openStore } = createRequire(import.meta.url)(bundle);
const store = await openStore(location, { create: true });
const models = files.map((file) => readFileSync(file));
process.stdout.write('ready\n');
for (let i = 0; ; i++) {
  const { file } = await store.publish(models[i % models.length]);
  if (i % 7 === 6) {
    unlinkSync(path.join(location, file));
  }
}
