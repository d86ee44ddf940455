/** @file The budget of the local cache, also where many files come at once. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setLimit, silentLogger } from '../../common';
import { LocalCache } from './local-cache';

const directory = mkdtempSync(path.join(os.tmpdir(), 'gent-cache-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('files that come at once keep to the budget together', async () => {
  setLimit('STORE_CACHE_BYTES', 2500);
  try {
    for (let round = 0; round < 10; round++) {
      const cache = new LocalCache(directory, silentLogger);
      const keys = Array.from({ length: 8 }, (_, i) => `${round} ${i}`);
      await Promise.all(keys.map(async (key) => cache.put(key, new Uint8Array(900))));
      const held = readdirSync(directory).map((name) => statSync(path.join(directory, name)).size);
      expect(held).toEqual([900, 900]);
      expect(await cache.get(keys.at(-1) as string)).toHaveLength(900);
    }
  } finally {
    setLimit('STORE_CACHE_BYTES', undefined);
  }
});
