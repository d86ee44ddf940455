/**
 * @file A bucket of an S3-compatible service as a store. One PUT is atomic there: readers see no object or the whole
 * one. The catalogue asks for the head of a file once for each ETag; bytes that were read are kept on local disk.
 */
import { asGentError, GentError, limit, type Logger, silentLogger } from '../../common';
import { catalogueOf, Listing, type Look, mapFew } from '../listing';
import { factsOfParts, type ManifestFacts } from '../manifest';
import { checkedName, MODEL_EXTENSION, modelToPublish } from '../publishing';
import type { Catalogue, ModelStore, StoredModel } from '../types';
import { defaultCacheDirectory, LocalCache } from './local-cache';
import type { S3Settings } from './options';
import { S3Requests } from './requests';
import { type ListedObject, parseListPage } from './xml';

/** A listing costs a paid request, so it is good for longer than that of a directory. */
const REFRESH_MS = 10_000;
const READ_AT_ONCE = 8;
const PAGE_KEYS = 1000;

interface Seen extends Look {
  readonly etag: string;
  readonly bytes: number;
}

export interface S3StoreOptions {
  readonly logger?: Logger;
  /** Milliseconds for which a listing stays good; 0 looks every time. */
  readonly refreshMs?: number;
}

const bigintsAsText = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

function factsFromJson(bytes: Uint8Array): ManifestFacts | undefined {
  try {
    const facts = JSON.parse(Buffer.from(bytes).toString('utf8')) as ManifestFacts;
    return { ...facts, window: { start: BigInt(facts.window.start), end: BigInt(facts.window.end) } };
  } catch {
    return undefined;
  }
}

/** true where an answer is about other bytes than those listed: not every server knows If-Match. */
function changed(etag: string | undefined, headers: Headers): boolean {
  const now = headers.get('etag');
  return etag !== undefined && now !== null && now !== etag;
}

/** A bucket as a {@link ModelStore}. */
export class S3Store implements ModelStore {
  readonly location: string;
  private readonly requests: S3Requests;
  private readonly cache: LocalCache;
  private readonly logger: Logger;
  private readonly listing: Listing;
  private seen = new Map<string, Seen>();

  constructor(
    private readonly settings: S3Settings,
    options: S3StoreOptions = {}
  ) {
    this.location = `s3://${settings.bucket}/${settings.prefix}`;
    this.logger = options.logger ?? silentLogger;
    this.requests = new S3Requests(settings, this.logger);
    const { cacheDirectory } = settings;
    this.cache = new LocalCache(
      cacheDirectory === undefined ? defaultCacheDirectory() : cacheDirectory || undefined,
      this.logger
    );
    this.listing = new Listing(() => this.refresh(), options.refreshMs ?? REFRESH_MS);
  }

  list(): Promise<Catalogue> {
    return this.listing.get();
  }

  async read(file: string): Promise<Uint8Array> {
    const key = this.key(file);
    const known = this.seen.get(file);
    if (known !== undefined && known.bytes > limit('STORE_MODEL_BYTES')) {
      throw new GentError(
        'LIMIT_EXCEEDED',
        `${this.location}${file} has ${known.bytes} bytes, more than STORE_MODEL_BYTES`
      );
    }
    const cached = known === undefined ? undefined : await this.cache.get(this.cacheKey('model', file, known.etag));
    if (cached !== undefined && cached.length === known?.bytes) {
      return cached;
    }
    const { status, headers, body } = await this.requests.send({
      method: 'GET',
      key,
      headers: known === undefined ? {} : { 'if-match': known.etag },
      mostBytes: limit('STORE_MODEL_BYTES'),
    });
    const replaced = status === 412 || changed(known?.etag, headers);
    if (status === 404 || replaced) {
      this.listing.forget();
      const what = status === 404 ? 'is no longer there' : 'was replaced';
      throw new GentError('STORE_MODEL_GONE', `the model ${this.location}${file} ${what}`);
    }
    if (status !== 200) {
      throw new GentError('STORE_UNAVAILABLE', `the model ${this.location}${file} is answered with ${status}`);
    }
    await this.cache.put(this.cacheKey('model', file, headers.get('etag') ?? known?.etag ?? ''), body);
    return body;
  }

  reject(file: string, reason: string): void {
    const known = this.seen.get(file);
    if (known !== undefined && known.reason === undefined) {
      this.logger.warn('model file skipped', { file, reason });
      this.seen.set(file, { etag: known.etag, bytes: known.bytes, reason });
    }
    this.listing.forget();
  }

  async publish(bytes: Uint8Array, name?: string): Promise<StoredModel> {
    const model = modelToPublish(bytes, name);
    const put = async (headers: Record<string, string>) =>
      (
        await this.requests.send({
          method: 'PUT',
          key: this.key(model.file),
          headers,
          body: bytes,
          mostBytes: 64 * 1024,
        })
      ).status;
    const type = { 'content-type': 'application/octet-stream' };
    // Names come from contents, so what is there already is this very model: not written again. Where conditions are
    // not known (501), or another writer is at it (409), writing the same bytes once more does no harm.
    let status = name === undefined ? await put({ ...type, 'if-none-match': '*' }) : 409;
    if (status === 409 || status === 501) {
      status = await put(type);
    }
    if (status !== 200 && status !== 412) {
      throw new GentError('STORE_WRITE_FAILED', `${this.location}${model.file} could not be written: ${status}`);
    }
    this.listing.forget();
    this.logger.info('model published', { file: model.file, bytes: bytes.length, traces: model.traces });
    return model;
  }

  async close(): Promise<void> {
    await this.listing.settled();
  }

  /** Asks for the first page of the listing, so that a bucket that cannot be used is known at once. */
  async check(): Promise<void> {
    await this.page(undefined, 1);
  }

  private key(file: string): string {
    return this.settings.prefix + checkedName(file);
  }

  private cacheKey(what: string, file: string, etag: string): string {
    return [what, this.settings.url, this.key(file), etag].join('\n');
  }

  private async page(next: string | undefined, keys = PAGE_KEYS) {
    const { prefix } = this.settings;
    const answer = await this.requests.send({
      method: 'GET',
      key: '',
      query: {
        'list-type': '2',
        'encoding-type': 'url',
        delimiter: '/',
        'max-keys': String(keys),
        ...(prefix === '' ? {} : { prefix }),
        ...(next === undefined ? {} : { 'continuation-token': next }),
      },
      mostBytes: limit('STORE_LIST_BYTES'),
    });
    const page = answer.status === 200 ? parseListPage(Buffer.from(answer.body).toString('utf8')) : undefined;
    if (page === undefined) {
      throw new GentError(
        'STORE_UNAVAILABLE',
        `the bucket ${this.settings.url} gives no listing as S3 does (${answer.status})`
      );
    }
    return page;
  }

  private async objects(): Promise<Array<[string, ListedObject]>> {
    const { prefix } = this.settings;
    const found: Array<[string, ListedObject]> = [];
    let next: string | undefined;
    do {
      const page = await this.page(next);
      for (const object of page.objects) {
        const name = object.key.startsWith(prefix) ? object.key.slice(prefix.length) : '';
        if (name !== '' && !name.includes('/') && !name.startsWith('.')) {
          found.push([name, object]);
        }
      }
      if (found.length > limit('STORE_FILES')) {
        throw new GentError(
          'LIMIT_EXCEEDED',
          `the store ${this.location} holds more files than STORE_FILES=${limit('STORE_FILES')}`
        );
      }
      if (page.next !== undefined && page.next === next) {
        throw new GentError('STORE_UNAVAILABLE', `the listing of ${this.settings.url} goes in circles`);
      }
      ({ next } = page);
    } while (next !== undefined);
    return found;
  }

  private async refresh(): Promise<Catalogue> {
    const objects = await this.objects();
    const looked = await mapFew(
      objects,
      READ_AT_ONCE,
      async ([name, object]) => [name, await this.look(name, object)] as const
    );
    const next = new Map<string, Seen>();
    for (const [name, seen] of looked) {
      if (seen !== undefined) {
        next.set(name, seen);
      }
    }
    this.seen = next;
    return catalogueOf(next);
  }

  private async look(name: string, object: ListedObject): Promise<Seen | undefined> {
    const { etag, bytes } = object;
    const known = this.seen.get(name);
    if (known?.etag === etag && known.bytes === bytes) {
      return known;
    }
    if (!name.endsWith(MODEL_EXTENSION)) {
      return this.skipped(name, object, `not a ${MODEL_EXTENSION} file`);
    }
    try {
      const facts = await this.facts(name, object);
      return { etag, bytes, model: { ...facts, file: name, bytes, createdUnixMs: object.modifiedUnixMs } };
    } catch (thrown) {
      const error = asGentError(thrown);
      if (error.code === 'STORE_MODEL_GONE') {
        return undefined;
      }
      if (error.code.startsWith('MODEL_')) {
        return this.skipped(name, object, error.message);
      }
      throw error;
    }
  }

  private skipped(file: string, { etag, bytes }: ListedObject, reason: string): Seen {
    this.logger.warn('model file skipped', { file, reason });
    return { etag, bytes, reason };
  }

  private async facts(name: string, { etag, bytes }: ListedObject): Promise<ManifestFacts> {
    const cacheKey = this.cacheKey('facts', name, etag);
    const cached = await this.cache.get(cacheKey);
    const known = cached === undefined ? undefined : factsFromJson(cached);
    if (known !== undefined) {
      return known;
    }
    const facts = await factsOfParts(bytes, (offset, length) => this.part(name, { etag, bytes, offset, length }));
    await this.cache.put(cacheKey, Buffer.from(JSON.stringify(facts, bigintsAsText)));
    return facts;
  }

  private async part(
    name: string,
    about: { etag: string; bytes: number; offset: number; length: number }
  ): Promise<Uint8Array> {
    const { etag, bytes, offset, length } = about;
    if (length === 0) {
      return new Uint8Array();
    }
    const { status, headers, body } = await this.requests.send({
      method: 'GET',
      key: this.key(name),
      headers: { 'if-match': etag, range: `bytes=${offset}-${offset + length - 1}` },
      mostBytes: Math.max(length, Math.min(bytes, limit('STORE_MODEL_BYTES'))),
    });
    if (status === 404 || status === 412 || status === 416 || changed(etag, headers)) {
      throw new GentError('STORE_MODEL_GONE', `the model ${this.location}${name} changed while it was listed`);
    }
    if (status !== 200 && status !== 206) {
      throw new GentError('STORE_UNAVAILABLE', `the model ${this.location}${name} is answered with ${status}`);
    }
    // A server that does not know ranges sends all of it.
    const part = status === 206 ? body : body.subarray(offset, offset + length);
    if (offset === 0 && part.length === bytes) {
      await this.cache.put(this.cacheKey('model', name, etag), part);
    }
    return part;
  }
}
