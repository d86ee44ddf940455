/** @file Which bucket is meant: addresses, options and AWS's environment variables. */
import { parseS3Address, s3Settings } from './options';

const settings = (address: string, env: Record<string, string> = {}, options = {}) =>
  s3Settings({ ...parseS3Address(address), ...options }, env);

test.each([
  ['s3://traces/models', {}, 'https://traces.s3.us-east-1.amazonaws.com', 'models/', 'us-east-1'],
  ['s3://traces', { AWS_REGION: 'eu-west-3' }, 'https://traces.s3.eu-west-3.amazonaws.com', '', 'eu-west-3'],
  [
    's3://a.b.c/x/y/',
    { AWS_DEFAULT_REGION: 'eu-north-1' },
    'https://s3.eu-north-1.amazonaws.com/a.b.c',
    'x/y/',
    'eu-north-1',
  ],
  ['s3://traces/x', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9000/' }, 'http://127.0.0.1:9000/traces', 'x/', 'us-east-1'],
  [
    's3://traces/x',
    { AWS_ENDPOINT_URL: 'http://one', AWS_ENDPOINT_URL_S3: 'http://two' },
    'http://two/traces',
    'x/',
    'us-east-1',
  ],
  [
    's3://traces/x?endpoint=https%3A%2F%2Fs3.example.com&region=auto&pathStyle=false',
    { AWS_ENDPOINT_URL: 'http://one' },
    'https://traces.s3.example.com',
    'x/',
    'auto',
  ],
])('%s with %j is %s', (address, env, url, prefix, region) => {
  expect(settings(address, env as unknown as Record<string, string>)).toMatchObject({ url, prefix, region });
});

test('credentials come from one place, whole', () => {
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
  expect(settings('s3://traces', env).credentials).toEqual({
    accessKey: 'id',
    secretKey: 'secret',
    sessionToken: 'token',
  });
  expect(settings('s3://traces', env, { accessKey: 'a', secretKey: 'b' }).credentials).toEqual({
    accessKey: 'a',
    secretKey: 'b',
  });
  expect(settings('s3://traces').credentials).toBeUndefined();
  expect(() => settings('s3://traces', env, { accessKey: 'a' })).toThrow(/secret key of the bucket is missing/);
});

test.each([
  's3://',
  's3://UPPER_case',
  's3://ab',
  's3://10.0.0.1/x',
  's3://key:secret@traces/x',
  's3://traces:9000/x',
  's3://traces/x?colour=red',
  's3://traces/x?endpoint=ftp%3A%2F%2Fhost',
  's3://traces/x?endpoint=host',
  's3://traces/x?region=%0aeu',
])('%s is refused', (address) => {
  expect(() => settings(address)).toThrow(expect.objectContaining({ code: 'STORE_SETTINGS' }) as Error);
});

test.each(['a/../b', '..', './x', 'a\nb'])('the prefix %j is refused', (prefix) => {
  expect(() => s3Settings({ bucket: 'traces', prefix }, {})).toThrow(/prefix/);
});
