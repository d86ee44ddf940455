/** @file The tour of the demo as a whole, small: traces over HTTP, a model, and every answer that the terminal shows. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const gent = path.resolve(__dirname, '../../build/gent.cjs');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gent-tour-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const run = (...argv: string[]) =>
  spawnSync(process.execPath, [gent, 'demo', 'tour', ...argv], { cwd: directory, encoding: 'utf8', timeout: 110_000 });

describe('gent demo tour', () => {
  it('shows sizes, a search, a trace and rates of a model it has just trained, and can be taken again', () => {
    for (const seed of ['1', '2']) {
      const { status, stdout, stderr } = run('--traces', '250', '--dir', 'demo', '--seed', seed);
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      for (const words of [
        '4/4 The model is asked',
        'Sent 250 traces',
        /OTLP\/JSON +[\d.]+ MB +█+/,
        /the model +[\d.]+ kB/,
        /times smaller than the gzipped traces/,
        /\$ npm run -s gent -- query '\{ status = error/,
        /\$ npm run -s gent -- trace [0-9a-f]{32}/,
        /rate\(\) by \(resource\.service\.name\)/,
        'frontend',
        'checkout',
      ]) {
        expect(stdout).toMatch(words);
      }
      expect(stdout).not.toMatch(/undefined|NaN|\[object/);
      expect(readdirSync(path.join(directory, 'demo/models')).filter((name) => name.endsWith('.gent'))).toHaveLength(1);
    }
  });

  it('does not touch a store that is not its own', () => {
    const models = path.join(directory, 'mine/models');
    spawnSync('mkdir', ['-p', models]);
    writeFileSync(path.join(models, 'a.gent'), 'precious');
    const { status, stderr } = run('--dir', 'mine');
    expect(status).toBe(2);
    expect(stderr).toContain("models that are not the demo's");
    expect(readdirSync(models)).toEqual(['a.gent']);
  });
});
