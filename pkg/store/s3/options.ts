/** @file Which bucket, where, and with whose credentials: from options, the address, and AWS's environment variables. */
import { GentError } from '../../common';

/** A bucket as a store. What is left out comes from the address, then from AWS's environment variables. */
export interface S3Options {
  readonly bucket?: string;
  /** Folder within the bucket; '' for the bucket itself. */
  readonly prefix?: string;
  /** `https://host[:port]` of an S3-compatible service; AWS itself when there is none. */
  readonly endpoint?: string;
  readonly region?: string;
  /** `endpoint/bucket/key` rather than `bucket.endpoint/key`. By default so where an endpoint is named. */
  readonly pathStyle?: boolean;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly sessionToken?: string;
  /** Directory for models that were read; '' keeps none. By default `GENT_STORE_CACHE`, else one in the user's cache. */
  readonly cacheDirectory?: string;
}

/** {@link S3Options} with everything decided. */
export interface S3Settings {
  readonly bucket: string;
  /** '' or one that ends in '/'. */
  readonly prefix: string;
  /** Address of the bucket, without a '/' at its end. */
  readonly url: string;
  readonly region: string;
  /** undefined: requests are not signed, as public buckets allow. */
  readonly credentials:
    { readonly accessKey: string; readonly secretKey: string; readonly sessionToken?: string } | undefined;
  readonly cacheDirectory: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_REGION = 'us-east-1';
/** Amazon's rules for names of buckets. */
const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

function refuse(message: string): never {
  throw new GentError('STORE_SETTINGS', message);
}

/** The parts of `s3://bucket/prefix?endpoint=…&region=…&pathStyle=…`. @throws GentError STORE_SETTINGS */
export function parseS3Address(location: string): S3Options {
  let url: URL;
  try {
    url = new URL(location);
  } catch {
    return refuse(`${location} is not an address such as s3://BUCKET/PREFIX`);
  }
  if (url.username !== '' || url.password !== '' || url.port !== '') {
    refuse(
      's3:// addresses hold no credentials and no port: use AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and endpoint='
    );
  }
  const known = new Set(['endpoint', 'region', 'pathStyle']);
  const unknown = [...url.searchParams.keys()].find((key) => !known.has(key));
  if (unknown !== undefined) {
    refuse(`${location}: '${unknown}' is not known; endpoint, region and pathStyle are`);
  }
  const text = (name: string) => url.searchParams.get(name) || undefined;
  const endpoint = text('endpoint');
  const region = text('region');
  const pathStyle = text('pathStyle');
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname.slice(1)),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(pathStyle === undefined ? {} : { pathStyle: pathStyle === 'true' }),
  };
}

function bucketUrl(bucket: string, endpoint: string, pathStyle: boolean): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    return refuse(`the endpoint ${endpoint} is not an address such as https://s3.example.com`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    refuse(`the endpoint ${endpoint} must begin with https:// or http://`);
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    refuse(`the endpoint ${url.origin} is to be named without credentials, query and fragment`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  return pathStyle ? `${url.origin}${path}/${bucket}` : `${url.protocol}//${bucket}.${url.host}${path}`;
}

function credentialsOf(options: S3Options, env: Environment): S3Settings['credentials'] {
  // A key of the options never goes with a secret of the environment.
  const own = options.accessKey !== undefined || options.secretKey !== undefined;
  const accessKey = (own ? options.accessKey : env.AWS_ACCESS_KEY_ID) || undefined;
  const secretKey = (own ? options.secretKey : env.AWS_SECRET_ACCESS_KEY) || undefined;
  const sessionToken = (own ? options.sessionToken : env.AWS_SESSION_TOKEN) || undefined;
  if (accessKey === undefined && secretKey === undefined) {
    return undefined;
  }
  if (accessKey === undefined || secretKey === undefined) {
    return refuse(`the ${accessKey === undefined ? 'access key' : 'secret key'} of the bucket is missing`);
  }
  return { accessKey, secretKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/**
 * Decides everything about a bucket. Environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
 * AWS_REGION or AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 * @throws GentError STORE_SETTINGS
 */
export function s3Settings(options: S3Options, env: Environment = process.env): S3Settings {
  const bucket = options.bucket ?? '';
  if (!BUCKET.test(bucket)) {
    refuse(`'${bucket}' is not the name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'`);
  }
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
  if (/[\0-\x1f\x7f]/.test(prefix) || prefix.split('/').some((part) => part === '.' || part === '..')) {
    refuse(`the prefix '${prefix}' holds '.', '..' or control characters`);
  }
  const region = options.region || env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,40}$/i.test(region)) {
    refuse(`'${region}' is not a region`);
  }
  const endpoint = options.endpoint || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined;
  // A name with dots does not match the certificate of *.s3.region.amazonaws.com.
  const pathStyle = options.pathStyle ?? (endpoint !== undefined || bucket.includes('.'));
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    url: bucketUrl(bucket, endpoint ?? `https://s3.${region}.amazonaws.com`, pathStyle),
    region,
    credentials: credentialsOf(options, env),
    cacheDirectory: options.cacheDirectory,
  };
}
