/** @file The settings of one data source instance, as Grafana stores them. */
import path from 'node:path';
import { GentError } from '../common';
import type { S3Options } from '../store';
import { parseAccess, type RemoteAccess } from './remote';

/** What an instance needs to answer. Same JSON as GenTOptions in the browser half. */
export interface InstanceSettings {
  /** Directory of .gent models; undefined when `address` or `bucket` is set. */
  readonly store: string | undefined;
  /** A bucket of models instead, with its keys: secrets, never logged and never in an error. */
  readonly bucket: S3Options | undefined;
  /** Address of a `gent serve` instead. */
  readonly address: string | undefined;
  /** What requests to `address` carry; undefined without one. Secret: never logged and never in an error. */
  readonly access: RemoteAccess | undefined;
  /** Milliseconds a query may take; undefined = the engine's own limit. */
  readonly timeoutMs: number | undefined;
  /** Spans a query may generate; undefined = the engine's own limit. */
  readonly maxSpans: number | undefined;
  /** Bytes of generated traces kept for the next query; undefined = the engine's own limit. */
  readonly cacheBytes: number | undefined;
  /** Whether searches may be answered in parts over Grafana Live; only a plain no forbids it. */
  readonly streaming: { readonly search: boolean; readonly metrics: boolean };
}

/** The settings message that Grafana sends with each request: the part that is read here. */
export interface RawSettings {
  readonly jsonData: Uint8Array;
  readonly decryptedSecureJsonData?: Readonly<Record<string, string>>;
  readonly basicAuthEnabled?: boolean;
  readonly basicAuthUser?: string;
}

type JsonObject = Record<string, unknown>;

/** Longest time a query may be allowed; Grafana itself gives up long before. */
const MOST_SECONDS = 86_400;
const MOST_SPANS = 1e12;
const MOST_MEGABYTES = 1024 * 1024;

function bad(message: string): GentError {
  return new GentError('PLUGIN_SETTINGS', message);
}

function parseObject(bytes: Uint8Array): JsonObject {
  const written = Buffer.from(bytes).toString('utf8').trim();
  if (written === '') {
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch (error) {
    throw new GentError('PLUGIN_SETTINGS', 'the settings of the data source are not JSON', { cause: error });
  }
  if (value === null) {
    return {};
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw bad('the settings of the data source are not a JSON object');
  }
  return value as JsonObject;
}

function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object[key] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw bad(`${key} must be an object`);
  }
  return value as JsonObject;
}

function text(object: JsonObject, key: string, name = key): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'string') {
    throw bad(`${name} must be text`);
  }
  return value.trim() === '' ? undefined : value.trim();
}

function flag(object: JsonObject, key: string, name: string): boolean | undefined {
  const value = object[key];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'boolean') {
    throw bad(`${name} must be true or false`);
  }
  return value;
}

function positive(object: JsonObject, key: string, most: number): number | undefined {
  const value = object[key];
  if (value === undefined || value === null || value === '' || value === 0) {
    return undefined;
  }
  const number = typeof value === 'boolean' || typeof value === 'object' ? NaN : Number(value);
  if (!Number.isFinite(number) || number < 0 || number > most) {
    throw bad(`limits.${key} must be a positive number up to ${most}`);
  }
  return number;
}

const times = (number: number | undefined, factor: number) => (number === undefined ? undefined : number * factor);

/** The bucket, where one is named. Keys go together: one without the other is a mistake. */
function bucketOf(json: JsonObject, secure: Readonly<Record<string, string>>, cache: string | undefined) {
  const s3 = objectOf(json, 's3');
  const [endpoint, bucket, prefix, region] = ['endpoint', 'bucket', 'prefix', 'region'].map((key) =>
    text(s3, key, `s3.${key}`)
  );
  const pathStyle = flag(s3, 'pathStyle', 's3.pathStyle');
  if (bucket === undefined) {
    if (endpoint !== undefined || prefix !== undefined) {
      throw bad('s3.bucket is missing: name the bucket that the models are in');
    }
    return undefined;
  }
  const [accessKey, secretKey] = [secure.s3AccessKey || undefined, secure.s3SecretKey || undefined];
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw bad(
      `the ${accessKey === undefined ? 'access key' : 'secret key'} of the bucket is missing: set both or none`
    );
  }
  const options: S3Options = {
    bucket,
    ...(prefix === undefined ? {} : { prefix }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
    ...(accessKey === undefined || secretKey === undefined ? {} : { accessKey, secretKey }),
    ...(cache === undefined ? {} : { cacheDirectory: cache }),
  };
  return options;
}

/** @throws GentError PLUGIN_SETTINGS unless the address is one of HTTP without credentials in it */
function checkAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw bad(`${address} is not an address such as http://gent:3200`);
  }
  if (url.username !== '' || url.password !== '') {
    throw bad('the address must not hold a user or password: put the token into its own field, which is kept secret');
  }
}

/**
 * Reads the settings; what is not set comes from `env`: GF_PLUGIN_STORE and GF_PLUGIN_DATA_PATH, which Grafana sets from
 * `store` and `data_path` under `[plugin.gent-traces-datasource]` in grafana.ini.
 * @throws GentError PLUGIN_SETTINGS that names the setting
 */
export function parseSettings(raw: RawSettings | undefined, env: NodeJS.ProcessEnv = process.env): InstanceSettings {
  const json = raw === undefined ? {} : parseObject(raw.jsonData);
  const secure = raw?.decryptedSecureJsonData ?? {};
  const limits = objectOf(json, 'limits');
  const address = text(json, 'address');
  const own = text(json, 'store');
  const dataPath = env.GF_PLUGIN_DATA_PATH?.trim();
  const bucket = bucketOf(json, secure, dataPath ? path.join(dataPath, 'models') : undefined);
  const named = [own && 'a directory', bucket && 'a bucket', address && 'an address'].filter(Boolean);
  if (named.length > 1) {
    throw bad(`${named.join(' and ')} are set: models come from one place, so empty the others`);
  }
  const store = own ?? (named.length === 0 ? env.GF_PLUGIN_STORE?.trim() || undefined : undefined);
  if (store !== undefined && !path.isAbsolute(store) && !store.includes('://')) {
    throw bad(`the store directory ${store} must be an absolute path on the Grafana server`);
  }
  if (address !== undefined) {
    checkAddress(address);
  }
  return {
    store,
    bucket,
    address,
    access:
      address === undefined
        ? undefined
        : parseAccess({ json, secure, basicAuth: raw?.basicAuthEnabled, basicAuthUser: raw?.basicAuthUser }),
    timeoutMs: times(positive(limits, 'timeoutSeconds', MOST_SECONDS), 1000),
    maxSpans: positive(limits, 'maxSpans', MOST_SPANS),
    cacheBytes: times(positive(limits, 'cacheMegabytes', MOST_MEGABYTES), 1024 * 1024),
    streaming: {
      search: flag(objectOf(json, 'streamingEnabled'), 'search', 'streamingEnabled.search') !== false,
      metrics: flag(objectOf(json, 'streamingEnabled'), 'metrics', 'streamingEnabled.metrics') !== false,
    },
  };
}
