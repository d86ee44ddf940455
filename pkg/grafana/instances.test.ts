import { silentLogger } from '../common';
import type { TracesEngine } from '../query';
import { type InstanceContext, Instances } from './instances';

/** An engine of which only the closing matters here. */
function openings() {
  const log: string[] = [];
  let failures = 0;
  return {
    log,
    failNext: () => failures++,
    open: async ({ store }: { store: string | undefined }) => {
      if (failures > 0) {
        failures--;
        throw new Error('cannot open');
      }
      log.push(`open ${store}`);
      return { engine: { close: async () => void log.push(`close ${store}`) } as unknown as TracesEngine };
    },
  };
}

const context = (uid: string, updated: bigint, store: string, orgId = 1n): InstanceContext => ({
  orgId,
  dataSourceInstanceSettings: {
    uid,
    name: uid,
    lastUpdatedMS: updated,
    jsonData: Buffer.from(JSON.stringify({ store })),
  },
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('an engine is opened once for a data source, and per organisation', async () => {
  const { open, log } = openings();
  const instances = new Instances(open, silentLogger);
  const use = (c: InstanceContext) => instances.use(c, async ({ settings }) => settings.store);
  expect(await Promise.all([use(context('a', 1n, '/a')), use(context('a', 1n, '/a'))])).toEqual(['/a', '/a']);
  await use(context('a', 1n, '/other', 2n));
  expect(log).toEqual(['open /a', 'open /other']);
  expect(instances.size).toBe(2);
  await instances.closeAll();
  expect(log.slice(2).sort()).toEqual(['close /a', 'close /other']);
});

test('changed settings open a new engine; the old one is closed when its last user is done', async () => {
  const { open, log } = openings();
  const instances = new Instances(open, silentLogger);
  let release: () => void = () => undefined;
  const slow = instances.use(context('a', 1n, '/old'), () => new Promise<void>((resolve) => (release = resolve)));
  await settled();
  await instances.use(context('a', 2n, '/new'), async () => undefined);
  expect(log).toEqual(['open /old', 'open /new']);
  release();
  await slow;
  await settled();
  expect(log).toEqual(['open /old', 'open /new', 'close /old']);
});

test('an engine that could not be opened is tried again', async () => {
  const { open, failNext, log } = openings();
  const instances = new Instances(open, silentLogger);
  failNext();
  await expect(instances.use(context('a', 1n, '/a'), async () => 1)).rejects.toThrow('cannot open');
  await settled();
  expect(await instances.use(context('a', 1n, '/a'), async () => 1)).toBe(1);
  expect(log).toEqual(['open /a']);
});

test('a request without a data source is refused', async () => {
  const instances = new Instances(openings().open, silentLogger);
  await expect(instances.use(undefined, async () => 1)).rejects.toThrow('names no data source');
  await expect(instances.use({ orgId: 1n }, async () => 1)).rejects.toThrow('names no data source');
});
