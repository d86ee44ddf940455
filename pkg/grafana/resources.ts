/**
 * @file The resources the editors read: tags, values, models and their files, checks of queries, health.
 * Shapes of tags and tag-values: Tempo's HTTP API, version 2.
 */
import { asGentError, GentError } from '../common';
import { type TagScope, type TimeRange, writeJson } from '../query';
import { describeHealth } from './health';
import type { Instance } from './instances';
import { readModel, type Uploader, uploadModel } from './model-archive';
import { checkQuery, describeLanguage } from './language';
import { importTraces } from './trace-import';

/** An HTTP-like answer: a document, or a file. */
export interface ResourceAnswer {
  readonly status: number;
  /** Sent as JSON, bytes as they are. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Handler = (instance: Instance, parameters: URLSearchParams, signal: AbortSignal) => Promise<unknown>;

const SCOPES: ReadonlyArray<TagScope | 'none'> = [
  'none',
  'resource',
  'span',
  'intrinsic',
  'event',
  'link',
  'instrumentation',
];
const DEFAULT_TAG_LIMIT = 5000;

function bad(message: string): GentError {
  return new GentError('PLUGIN_QUERY', message);
}

/** `start` and `end` in Unix seconds; both or neither. */
function rangeOf(parameters: URLSearchParams): { range?: TimeRange } {
  const [start, end] = ['start', 'end'].map((key) => parameters.get(key) ?? '');
  if (!start && !end) {
    return {};
  }
  if (!start || !end || !/^\d{1,11}$/.test(start) || !/^\d{1,11}$/.test(end)) {
    throw bad('start and end must both be Unix seconds');
  }
  const range = { start: BigInt(start) * 1_000_000_000n, end: BigInt(end) * 1_000_000_000n };
  if (range.end <= range.start) {
    throw bad('end must be after start');
  }
  return { range };
}

function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? '';
  if (text === '') {
    return DEFAULT_TAG_LIMIT;
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw bad('limit must be a whole number');
  }
  return Number(text);
}

function queryOf(parameters: URLSearchParams): { query?: string } {
  const query = parameters.get('q') ?? '';
  return query.trim() === '' ? {} : { query };
}

/** Anything as JSON says it. Times are ns as text: JSON numbers are not exact enough. */
function plainJson(value: unknown): unknown {
  return JSON.parse(writeJson(value));
}

const HANDLERS: Record<string, Handler> = {
  async tags({ engine }, parameters, signal) {
    const scope = parameters.get('scope') || undefined;
    if (scope !== undefined && !SCOPES.includes(scope as TagScope)) {
      throw bad(`scope must be one of ${SCOPES.join(', ')}`);
    }
    const names = await engine.tagNames({
      ...(scope === undefined ? {} : { scope: scope as TagScope }),
      ...queryOf(parameters),
      ...rangeOf(parameters),
      limit: limitOf(parameters),
      signal,
    });
    return { scopes: Object.entries(names).map(([name, tags]) => ({ name, tags })) };
  },

  async 'tag-values'({ engine }, parameters, signal) {
    const tag = parameters.get('tag') ?? '';
    if (tag.trim() === '') {
      throw bad('tag is missing: tag-values?tag=resource.service.name');
    }
    const tagValues = await engine.tagValues({
      tag,
      ...queryOf(parameters),
      ...rangeOf(parameters),
      limit: limitOf(parameters),
      signal,
    });
    return { tagValues };
  },

  async models({ engine }) {
    return plainJson(await engine.describe());
  },

  async check(_, parameters) {
    return checkQuery(parameters.get('q') ?? '');
  },

  async language() {
    return describeLanguage();
  },

  async health({ engine }) {
    const { ok, message, verbose } = describeHealth(await engine.describe());
    return { status: ok ? 'OK' : 'ERROR', message, verbose };
  },
};

/** A resource request as Grafana sends it: `url` is the path with its parameters. */
export interface ResourceRequest {
  readonly method: string;
  readonly path: string;
  readonly url: string;
  readonly body: Uint8Array;
}

const DOWNLOAD = /^models\/([^/]+)\/download$/;
const UPLOAD = 'models/upload';
/** Nothing is stored, so everyone who may ask may bring a file. */
const IMPORT = 'import';

async function download(instance: Instance, id: string): Promise<ResourceAnswer> {
  const { model, bytes } = await readModel(instance, id);
  const headers = {
    'Content-Type': 'application/octet-stream',
    // Only what a header can hold: the store names files itself, but others may have put theirs there.
    'Content-Disposition': `attachment; filename="${model.file.replace(/[^\w.-]/g, '_')}"`,
    'X-Content-Type-Options': 'nosniff',
  };
  return { status: 200, body: bytes, headers };
}

async function upload(instance: Instance, body: Uint8Array, user: Uploader | undefined): Promise<ResourceAnswer> {
  const { model, known } = await uploadModel(instance, body, user);
  return { status: known ? 200 : 201, body: { model: plainJson(model), known } };
}

/** The answer that stands for an error. */
export function resourceError(thrown: unknown): ResourceAnswer {
  const error = asGentError(thrown);
  return { status: error.status, body: { code: error.code, message: error.message, hint: error.hint } };
}

/**
 * Answers one request for a resource.
 * @throws GentError PLUGIN_RESOURCE (404), PLUGIN_METHOD (405), PLUGIN_QUERY (400), and what the engine throws
 */
export async function answerResource(
  instance: Instance,
  request: ResourceRequest,
  user: Uploader | undefined,
  signal: AbortSignal
): Promise<ResourceAnswer> {
  const name = request.path.replace(/^\/+|\/+$/g, '');
  const method = request.method.toUpperCase();
  const id = DOWNLOAD.exec(name)?.[1];
  if (name === UPLOAD && method === 'POST') {
    return upload(instance, request.body, user);
  }
  if (name === IMPORT && method === 'POST') {
    return { status: 200, body: await importTraces(request.body, signal) };
  }
  if (id !== undefined && method === 'GET') {
    return download(instance, id);
  }
  if (id !== undefined || name === UPLOAD || name === IMPORT) {
    throw new GentError('PLUGIN_METHOD', `${name} cannot be asked with ${method.slice(0, 20)}`);
  }
  const handler = Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
  if (handler === undefined) {
    throw new GentError('PLUGIN_RESOURCE', `there is no resource ${JSON.stringify(name.slice(0, 100))}`);
  }
  if (method !== 'GET') {
    throw new GentError('PLUGIN_METHOD', `${name} cannot be asked with ${request.method.slice(0, 20)}`);
  }
  const at = request.url.indexOf('?');
  const parameters = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
  return { status: 200, body: await handler(instance, parameters, signal) };
}
