/**
 * @file How a `gent serve` behind an address is reached: who asks, which headers go along, whose certificates are trusted.
 * The keys are those of Grafana's own HTTP data sources, so provisioning files look as for them.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { GentError } from '../../common';

/** What requests to an address carry. All of it but `serverName` and `skipVerify` is secret: never logged, never in an error. */
export interface RemoteAccess {
  /** Headers of every request, names in lower case; `authorization` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** TLS, where something differs from Node's own: PEM texts, the name the certificate must have. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
    readonly skipVerify?: boolean;
  };
}

/** What of the settings of a data source is read here. */
export interface AccessSettings {
  readonly json: Readonly<Record<string, unknown>>;
  readonly secure: Readonly<Record<string, string>>;
  readonly basicAuth?: boolean;
  readonly basicAuthUser?: string;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What requests set themselves, or what would break them. */
const OWN_HEADERS = new Set(['accept', 'accept-encoding', 'connection', 'content-length', 'host', 'transfer-encoding']);

function bad(message: string): GentError {
  return new GentError('PLUGIN_SETTINGS', message);
}

function customHeaders({ json, secure }: AccessSettings): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, name] of Object.entries(json)) {
    const number = /^httpHeaderName(\d+)$/.exec(key)?.[1];
    if (number === undefined || name === '' || name === null || name === undefined) {
      continue;
    }
    if (typeof name !== 'string' || !HEADER_NAME.test(name)) {
      throw bad(`${key} is not the name of a header`);
    }
    if (OWN_HEADERS.has(name.toLowerCase())) {
      throw bad(`${key}: the header ${name} is set by the request itself`);
    }
    const value = secure[`httpHeaderValue${number}`] ?? '';
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw bad(`the value of the header ${name} holds a character that no header may hold`);
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function authorization({ secure, basicAuth, basicAuthUser = '' }: AccessSettings): string | undefined {
  const token = secure.token || undefined;
  if (basicAuth !== true) {
    return token === undefined ? undefined : `Bearer ${token}`;
  }
  if (token !== undefined) {
    throw bad(
      'a token and basic authentication are set: a request has one of them, so reset the token or switch basic authentication off'
    );
  }
  if (basicAuthUser === '' || basicAuthUser.includes(':')) {
    throw bad('basic authentication needs a user without a colon');
  }
  return `Basic ${Buffer.from(`${basicAuthUser}:${secure.basicAuthPassword ?? ''}`).toString('base64')}`;
}

/** @throws GentError PLUGIN_SETTINGS unless OpenSSL reads the texts; what it says of them is not secret */
function checkPem(pem: { ca?: string; cert?: string; key?: string }): void {
  try {
    // Text without a certificate in it would be passed over, and everything refused later.
    [pem.ca, pem.cert].forEach((text) => text !== undefined && new X509Certificate(text));
    createSecureContext(pem);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GentError('PLUGIN_SETTINGS', `the certificates of the address cannot be read as PEM: ${reason}`, {
      cause: error,
    });
  }
}

function tlsOf({ json, secure }: AccessSettings): RemoteAccess['tls'] {
  const flag = (key: string): boolean => {
    const value = json[key] ?? false;
    if (typeof value !== 'boolean') {
      throw bad(`${key} must be true or false`);
    }
    return value;
  };
  const need = (key: string, what: string): string => {
    const pem = secure[key]?.trim();
    if (!pem) {
      throw bad(`${what} is missing`);
    }
    return `${pem}\n`;
  };
  const serverName = json.serverName ?? '';
  if (typeof serverName !== 'string') {
    throw bad('serverName must be text');
  }
  const pem = {
    ...(flag('tlsAuthWithCACert') ? { ca: need('tlsCACert', 'the certificate of the authority') } : {}),
    ...(flag('tlsAuth')
      ? { cert: need('tlsClientCert', 'the client certificate'), key: need('tlsClientKey', 'the client key') }
      : {}),
  };
  checkPem(pem);
  const tls = {
    ...pem,
    ...(serverName.trim() === '' ? {} : { serverName: serverName.trim() }),
    ...(flag('tlsSkipVerify') ? { skipVerify: true } : {}),
  };
  return Object.keys(tls).length === 0 ? undefined : tls;
}

/** @throws GentError PLUGIN_SETTINGS that names the setting, never its value when it is secret */
export function parseAccess(settings: AccessSettings): RemoteAccess {
  const auth = authorization(settings);
  const headers = customHeaders(settings);
  if (auth !== undefined && headers.authorization !== undefined) {
    throw bad('the header Authorization is set twice: as a header of its own and by a token or basic authentication');
  }
  const tls = tlsOf(settings);
  return {
    headers: { ...headers, ...(auth === undefined ? {} : { authorization: auth }) },
    ...(tls === undefined ? {} : { tls }),
  };
}
