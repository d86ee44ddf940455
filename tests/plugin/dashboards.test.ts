/** @file The dashboards that ship: whole, explained, offered by the plugin, and with queries that parse. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseQuery } from '../../pkg/traceql';

const ROOT = path.resolve(__dirname, '../..');
const DIRECTORY = path.join(ROOT, 'provisioning/dashboards');
const PLUGIN = 'gent-traces-datasource';
/** What the variables of the dashboards may stand for in a query. */
const VALUES: Record<string, string> = {
  service: 'cart|checkout',
  operation: '.*',
  attribute: 'span.http.route',
  slower: '100ms',
  min: '0ms',
  status: 'status = error',
  trace: '8b51e36eaee3265bec099d0c5c63fd37',
};
const TYPES = ['traceql', 'serviceGraph', 'models', 'compareWindows'];

interface Target {
  refId: string;
  datasource: { type: string; uid: string };
  queryType?: string;
  query?: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  targets?: Target[];
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: Array<{ name: string; type: string }> };
  annotations: { list: Array<{ target?: Target }> };
}

const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(path.join(DIRECTORY, name), 'utf8')) as Dashboard;

test('the plugin offers every dashboard by its title', () => {
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'plugin.json'), 'utf8')) as {
    includes: Array<{ type: string; name: string; path: string }>;
  };
  const offered = manifest.includes.filter(({ type }) => type === 'dashboard');
  expect(offered.map((one) => [one.path, one.name]).sort()).toEqual(
    files.map((name) => [`dashboards/${name}`, read(name).title]).sort()
  );
});

describe.each(files)('%s', (file) => {
  const dashboard = read(file);
  const { panels } = dashboard;
  const names = new Set(dashboard.templating.list.map(({ name }) => name));

  test('explains every panel, and numbers each once', () => {
    expect(panels.length).toBeGreaterThan(3);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { title, description } of panels) {
      expect([title, (description ?? '').length > 20]).toEqual([title, true]);
    }
  });

  test('asks the data source that is chosen above, with queries that parse', () => {
    const targets = [
      ...panels.flatMap((panel) => panel.targets ?? []),
      ...dashboard.annotations.list.flatMap((one) => one.target ?? []),
    ];
    for (const { datasource, queryType, query = '' } of targets) {
      if (datasource?.type === '__expr__') {
        continue;
      }
      expect(datasource ?? { type: PLUGIN, uid: '${datasource}' }).toEqual({ type: PLUGIN, uid: '${datasource}' });
      expect(TYPES).toContain(queryType);
      const used = [...query.matchAll(/\$(\w+)/g)].map(([, name]) => name ?? '');
      expect(used.filter((name) => !names.has(name))).toEqual([]);
      const text = query.replace(/\$(\w+)/g, (_, name: string) => VALUES[name] ?? `no value for ${name}`);
      if (queryType === 'traceql' && text !== VALUES.trace) {
        expect(() => parseQuery(text)).not.toThrow();
      }
    }
  });
});
