/** @file The settings of one data source instance, as Grafana stores them. */
import path from 'node:path';
import { GentError } from '../common';

/** What an instance needs to answer. Same JSON as GenTOptions in the browser half. */
export interface InstanceSettings {
  /** Directory of .gent models; undefined when `address` is set. */
  readonly store: string | undefined;
  /** Address of a `gent serve`. */
  readonly address: string | undefined;
  /** Bearer token for `address`: a secret, never logged and never in an error. */
  readonly token: string | undefined;
  /** Milliseconds a query may take; undefined = the engine's own limit. */
  readonly timeoutMs: number | undefined;
  /** Spans a query may generate; undefined = the engine's own limit. */
  readonly maxSpans: number | undefined;
  /** Bytes of generated traces kept for the next query; undefined = the engine's own limit. */
  readonly cacheBytes: number | undefined;
}

/** The settings message that Grafana sends with each request: the part that is read here. */
export interface RawSettings {
  readonly jsonData: Uint8Array;
  readonly decryptedSecureJsonData?: Readonly<Record<string, string>>;
}

type JsonObject = Record<string, unknown>;

function parseObject(bytes: Uint8Array): JsonObject {
  const text = Buffer.from(bytes).toString('utf8').trim();
  if (text === '') {
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GentError('PLUGIN_SETTINGS', 'the settings of the data source are not JSON', { cause: error });
  }
  if (value === null) {
    return {};
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GentError('PLUGIN_SETTINGS', 'the settings of the data source are not a JSON object');
  }
  return value as JsonObject;
}

function text(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'string') {
    throw new GentError('PLUGIN_SETTINGS', `${key} must be text`);
  }
  return value.trim() === '' ? undefined : value.trim();
}

function positive(object: JsonObject, key: string): number | undefined {
  const value = object[key];
  if (value === undefined || value === null || value === '' || value === 0) {
    return undefined;
  }
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) {
    throw new GentError('PLUGIN_SETTINGS', `limits.${key} must be a positive number`);
  }
  return number;
}

const times = (number: number | undefined, factor: number) => (number === undefined ? undefined : number * factor);

/**
 * Reads the settings; what is not set comes from `env` (GF_PLUGIN_STORE, which Grafana sets from `store` under
 * `[plugin.gent-traces-datasource]` in grafana.ini).
 * @throws GentError PLUGIN_SETTINGS that names the setting
 */
export function parseSettings(raw: RawSettings | undefined, env: NodeJS.ProcessEnv = process.env): InstanceSettings {
  const json = raw === undefined ? {} : parseObject(raw.jsonData);
  const limits = json.limits ?? {};
  if (typeof limits !== 'object' || Array.isArray(limits)) {
    throw new GentError('PLUGIN_SETTINGS', 'limits must be an object');
  }
  const address = text(json, 'address');
  const store = text(json, 'store') ?? (address === undefined ? env.GF_PLUGIN_STORE?.trim() || undefined : undefined);
  if (store !== undefined && !path.isAbsolute(store) && !store.includes('://')) {
    throw new GentError(
      'PLUGIN_SETTINGS',
      `the store directory ${store} must be an absolute path on the Grafana server`
    );
  }
  return {
    store,
    address,
    token: raw?.decryptedSecureJsonData?.token || undefined,
    timeoutMs: times(positive(limits as JsonObject, 'timeoutSeconds'), 1000),
    maxSpans: positive(limits as JsonObject, 'maxSpans'),
    cacheBytes: times(positive(limits as JsonObject, 'cacheMegabytes'), 1024 * 1024),
  };
}
