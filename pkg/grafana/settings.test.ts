import fc from 'fast-check';
import { GentError } from '../common';
import { parseSettings } from './settings';

const raw = (json: unknown) => ({ jsonData: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)) });
const NONE = {
  store: undefined,
  address: undefined,
  token: undefined,
  timeoutMs: undefined,
  maxSpans: undefined,
  cacheBytes: undefined,
};

test.each([
  ['nothing', '', {}, {}],
  ['null', 'null', {}, {}],
  ['an empty object', {}, {}, {}],
  ['a store', { store: ' /models ' }, {}, { store: '/models' }],
  ['the store of grafana.ini', {}, { GF_PLUGIN_STORE: '/from-ini' }, { store: '/from-ini' }],
  ['its own store before that of grafana.ini', { store: '/own' }, { GF_PLUGIN_STORE: '/from-ini' }, { store: '/own' }],
  ['an address, then no store', { address: 'http://a' }, { GF_PLUGIN_STORE: '/x' }, { address: 'http://a' }],
  [
    'limits, empty ones left out',
    { store: '/m', limits: { timeoutSeconds: 2, maxSpans: '5', cacheMegabytes: '' } },
    {},
    { store: '/m', timeoutMs: 2000, maxSpans: 5 },
  ],
])('settings with %s', (_, json, env, expected) => {
  expect(parseSettings(raw(json), env)).toEqual({ ...NONE, ...expected });
});

test.each([
  ['text that is no JSON', '{', 'not JSON'],
  ['a list', [], 'not a JSON object'],
  ['a relative store', { store: 'models' }, 'models must be an absolute path'],
  ['a store that is no text', { store: 5 }, 'store must be text'],
  ['limits that are a list', { limits: [] }, 'limits must be an object'],
  ['a negative limit', { limits: { maxSpans: -1 } }, 'limits.maxSpans must be a positive number'],
])('%s is refused by name', (_, json, message) => {
  expect(() => parseSettings(raw(json), {})).toThrow(message);
});

test('no settings break it: they are read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), fc.string(), fc.record({ limits: fc.jsonValue(), store: fc.jsonValue() })),
      (json) => {
        try {
          parseSettings(raw(json), {});
        } catch (error) {
          expect(error).toBeInstanceOf(GentError);
          expect((error as GentError).code).toBe('PLUGIN_SETTINGS');
        }
      }
    ),
    { seed: 1, numRuns: 300 }
  );
});
