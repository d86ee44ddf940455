import fc from 'fast-check';
import { GentError } from '../common';
import { parseSettings } from './settings';

const raw = (json: unknown) => ({ jsonData: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)) });
const NONE = {
  store: undefined,
  bucket: undefined,
  address: undefined,
  access: undefined,
  timeoutMs: undefined,
  maxSpans: undefined,
  cacheBytes: undefined,
  streaming: { search: true, metrics: true },
};

test.each([
  ['nothing', '', {}, {}],
  ['null', 'null', {}, {}],
  ['an empty object', {}, {}, {}],
  ['a store', { store: ' /models ' }, {}, { store: '/models' }],
  ['the store of grafana.ini', {}, { GF_PLUGIN_STORE: '/from-ini' }, { store: '/from-ini' }],
  ['its own store before that of grafana.ini', { store: '/own' }, { GF_PLUGIN_STORE: '/from-ini' }, { store: '/own' }],
  [
    'an address, then no store',
    { address: 'http://a' },
    { GF_PLUGIN_STORE: '/x' },
    { address: 'http://a', access: { headers: {} } },
  ],
  [
    'a bucket',
    { s3: { bucket: ' models ', endpoint: 'http://minio:9000', prefix: 'a/b', region: '', pathStyle: true } },
    { GF_PLUGIN_STORE: '/x' },
    { bucket: { bucket: 'models', endpoint: 'http://minio:9000', prefix: 'a/b', pathStyle: true } },
  ],
  [
    'a bucket and a place for its models',
    { s3: { bucket: 'models' } },
    { GF_PLUGIN_DATA_PATH: '/var/lib/gent' },
    { bucket: { bucket: 'models', cacheDirectory: '/var/lib/gent/models' } },
  ],
  ['an empty bucket beside a store', { store: '/m', s3: { bucket: '' } }, {}, { store: '/m' }],
  [
    'streaming switched off',
    { streamingEnabled: { search: false } },
    {},
    { streaming: { search: false, metrics: true } },
  ],
  [
    'streaming of metrics switched off',
    { streamingEnabled: { metrics: false } },
    {},
    { streaming: { search: true, metrics: false } },
  ],
  ['what only the browser reads', { tracesToLogsV2: 5, spanBar: [], nodeGraph: 'x' }, {}, {}],
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
  [
    'a limit beyond reason',
    { limits: { timeoutSeconds: 1e9 } },
    'limits.timeoutSeconds must be a positive number up to',
  ],
  ['a limit that is a list', { limits: { cacheMegabytes: [5] } }, 'limits.cacheMegabytes must be a positive number'],
  [
    'two places',
    { store: '/m', address: 'http://a' },
    'a directory and an address are set: models come from one place',
  ],
  ['a bucket without a name', { s3: { endpoint: 'http://minio' } }, 's3.bucket is missing'],
  ['a bucket that is no object', { s3: 'models' }, 's3 must be an object'],
  ['a style that is no flag', { s3: { bucket: 'm-1', pathStyle: 'yes' } }, 's3.pathStyle must be true or false'],
  ['an address of another kind', { address: 'file:///etc' }, 'is not an address such as'],
  ['a password in the address', { address: 'http://a:b@c' }, 'must not hold a user or password'],
])('%s is refused by name', (_, json, message) => {
  expect(() => parseSettings(raw(json), {})).toThrow(message);
});

test('the keys of a bucket go together, and no error shows them', () => {
  const json = raw({ s3: { bucket: 'models' } });
  const both = { s3AccessKey: 'AKIA', s3SecretKey: 'hidden-secret' };
  expect(parseSettings({ ...json, decryptedSecureJsonData: both }, {}).bucket).toEqual({
    bucket: 'models',
    accessKey: 'AKIA',
    secretKey: 'hidden-secret',
  });
  const one = { ...json, decryptedSecureJsonData: { s3SecretKey: 'hidden-secret' } };
  expect(() => parseSettings(one, {})).toThrow(/access key of the bucket is missing(?!.*hidden-secret)/);
});

test('no settings break it: they are read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.record({
          limits: fc.jsonValue(),
          store: fc.jsonValue(),
          s3: fc.jsonValue(),
          streamingEnabled: fc.jsonValue(),
        })
      ),
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
