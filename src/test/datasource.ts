/** @file A data source for tests of editors: the real class over canned answers of the backend's resources. */
import type { DataSourceInstanceSettings } from '@grafana/data';
import { setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { GenTDataSource } from '../datasource';
import type { GenTOptions } from '../types';

export const LANGUAGE = {
  scopes: [
    { text: 'span.', type: 'scope', help: 'attributes of the span' },
    { text: 'resource.', type: 'scope', help: 'attributes of the resource' },
    { text: '.', type: 'scope', help: 'span, then resource' },
  ],
  intrinsics: [
    { bare: 'name', scoped: 'span:name', type: 'string', help: 'name of the span' },
    { bare: 'duration', scoped: 'span:duration', type: 'duration', help: 'end − start' },
    { scoped: 'trace:id', type: 'string', help: 'id of the trace' },
  ],
  keywords: [
    { text: 'error', type: 'status', help: 'status error' },
    { text: 'nil', type: 'nil', help: 'no value' },
  ],
  functions: [
    { text: 'count()', type: 'function', help: 'number of spans' },
    { text: 'avg()', type: 'function', help: 'average' },
    { text: 'rate()', type: 'function', help: 'spans per second' },
  ],
  operators: ['=', '!=', '=~', '!~', '>', '>=', '<', '<=', '&&', '||', '>>', '<<', '~', '!>', '&>'].map((text) => ({
    text,
    type: 'operator',
    help: `operator ${text}`,
  })),
  hints: [{ text: 'most_recent', type: 'hint', help: 'newest first' }],
};

/** Answers of the resources by path; functions are given the parameters. */
export const RESOURCES: Record<string, unknown> = {
  tags: {
    scopes: [
      { name: 'intrinsic', tags: ['name', 'status', 'duration'] },
      { name: 'resource', tags: ['service.name', 'service.version'] },
      { name: 'span', tags: ['http.route', 'http.status_code'] },
    ],
  },
  'tag-values': ({ tag }: { tag: string }) => ({
    tagValues:
      tag === 'resource.service.name'
        ? [
            { type: 'string', value: 'cart' },
            { type: 'string', value: 'checkout' },
          ]
        : tag === 'status'
          ? [
              { type: 'keyword', value: 'error' },
              { type: 'keyword', value: 'ok' },
            ]
          : tag === 'span.http.status_code'
            ? [
                { type: 'int', value: '200' },
                { type: 'int', value: '500' },
              ]
            : [{ type: 'string', value: 'GET "/"' }],
  }),
  language: LANGUAGE,
  check: ({ q }: { q: string }) =>
    q.includes('foo')
      ? {
          kind: 'error',
          error: {
            code: 'TRACEQL_SYNTAX',
            message: 'unknown identifier foo',
            hint: 'correct it',
            line: 1,
            column: 3,
            endColumn: 6,
          },
        }
      : { kind: q.includes('rate()') ? 'metrics' : 'search', formatted: q.replace(/\s*=\s*/g, ' = ') },
  models: {
    models: [
      { id: 'm2', window: { start: '1763978400000000000', end: '1763982000000000000' }, traces: 1234 },
      { id: 'm1', window: { start: '1763974800000000000', end: '1763978400000000000' }, traces: 99 },
    ],
  },
};

/** Variables of the dashboard in tests. */
export const VARIABLES: Record<string, string | string[]> = { service: 'cart', many: ['a.b', 'c'] };

type Format = (value: unknown, variable: object) => string;

/** Fills `$name`, `${name}` in as Grafana does: through the function, or joined by `|`. */
export function templates(): TemplateSrv {
  return {
    getVariables: () => Object.keys(VARIABLES).map((name) => ({ name })),
    containsTemplate: (text = '') => /\$\w/.test(text),
    replace: (text = '', _vars: unknown, format?: Format | string) =>
      text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
        const value = VARIABLES[name];
        if (value === undefined) {
          return whole;
        }
        return typeof format === 'function'
          ? format(value, { multi: Array.isArray(value) })
          : [value].flat().join(format === undefined ? ',' : '|');
      }),
  } as unknown as TemplateSrv;
}

/** The data source, with each resource answered from {@link RESOURCES}. */
export function testDatasource(options: GenTOptions = {}) {
  setTemplateSrv(templates());
  const settings = {
    uid: 'gent',
    type: 'gent-traces-datasource',
    name: 'GenT',
    jsonData: options,
  } as DataSourceInstanceSettings<GenTOptions>;
  const datasource = new GenTDataSource(settings);
  const getResource = jest.spyOn(datasource, 'getResource').mockImplementation(async (path, parameters) => {
    const answer = RESOURCES[path];
    return typeof answer === 'function' ? answer(parameters) : answer;
  });
  return { datasource, getResource };
}
