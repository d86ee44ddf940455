/** @file Reads traces from files, directories and stdin as a stream: NDJSON, JSON, protobuf; gzip or not. */
import { asGentError, GentError, limit } from '../common';
import { addAnomalies, newAnomalies, type TraceAnomalies } from './anomalies';
import { TraceAssembler } from './assemble';
import { newReadContext, type ReadContext } from './context';
import { spansFromJson, type TraceFormat } from './documents';
import { JsonTexts, type JsonText } from './json-texts';
import { readLines } from './lines';
import { parseJson, readExactly } from './json-exact';
import { spansFromProtobufFile } from './otlp-proto-file';
import { sniffBytes } from './sniff';
import { byteSources, type ByteSource, readBytes } from './source';
import type { Span, Trace } from './types';

/** A line or file that was left out. */
export interface BadInput {
  readonly file: string;
  /** From 1; 0 when the whole file is meant. */
  readonly line: number;
  readonly error: GentError;
}

/** What was read so far; kept up to date while reading. */
export interface ReadStats {
  files: number;
  /** JSON documents (lines of NDJSON) and protobuf messages. */
  documents: number;
  spans: number;
  traces: number;
  /** Lines and files left out. */
  bad: number;
  /** Bytes after unzipping. */
  bytes: number;
}

/** Stats at zero. */
export function newReadStats(): ReadStats {
  return { files: 0, documents: 0, spans: 0, traces: 0, bad: 0, bytes: 0 };
}

export interface ReadTracesOptions {
  /** Default: recognised, document by document. */
  readonly format?: TraceFormat;
  /** Makes the first bad line or file fatal. */
  readonly strict?: boolean;
  /** Told about each line or file left out. */
  readonly onBadInput?: (bad: BadInput) => void;
  /** Kept up to date while reading. */
  readonly stats?: ReadStats;
  /** Counts odd data met while reading and assembling. */
  readonly anomalies?: TraceAnomalies;
  /**
   * How far apart, in spans, the pieces of one trace may lie and still be joined. 0: each document's traces leave at once.
   * Default: limit TRACE_WINDOW_SPANS.
   */
  readonly windowSpans?: number;
  readonly signal?: AbortSignal;
  /** What '-' reads. */
  readonly stdin?: AsyncIterable<Buffer>;
}

const SNIFF_BYTES = 64 * 1024;

class TraceReader {
  private readonly stats: ReadStats;
  private readonly context: ReadContext;
  private readonly lineLimit = limit('JSON_LINE_BYTES');

  constructor(private readonly options: ReadTracesOptions) {
    this.stats = options.stats ?? newReadStats();
    this.context = newReadContext(options.anomalies);
  }

  async *traces(inputs: readonly string[]): AsyncGenerator<Trace> {
    const window = this.options.windowSpans ?? limit('TRACE_WINDOW_SPANS');
    const assembler = new TraceAssembler({
      now: () => this.stats.spans,
      idle: window,
      anomalies: this.context.anomalies,
    });
    let damage: GentError | undefined;
    for (const source of await byteSources(inputs, this.options.stdin)) {
      this.stats.files++;
      try {
        for await (const spans of this.documents(source)) {
          if (this.options.signal?.aborted === true) {
            throw new GentError('CANCELLED', 'reading traces was cancelled');
          }
          this.stats.documents++;
          this.stats.spans += spans.length;
          yield* this.count(assembler.add(spans));
          yield* this.count(window > 0 ? assembler.takeIdle() : assembler.flush());
        }
      } catch (error) {
        damage ??= asGentError(error);
        if (this.options.strict === true || damage.code === 'CANCELLED') {
          break;
        }
      }
    }
    yield* this.count(assembler.flush());
    if (damage !== undefined) {
      throw damage;
    }
    if (this.stats.traces === 0) {
      const left = this.stats.bad > 0 ? `; ${this.stats.bad} lines or files could not be read` : '';
      throw new GentError('TRACE_NONE_FOUND', `no trace in ${inputs.join(', ')}${left}`);
    }
  }

  private count(traces: Trace[]): Trace[] {
    this.stats.traces += traces.length;
    return traces;
  }

  /** The spans of each document of a source. */
  private async *documents(source: ByteSource): AsyncGenerator<Span[]> {
    const chunks = this.counted(readBytes(source));
    const { head, all, failure } = await peek(chunks, SNIFF_BYTES);
    const form = sniffBytes(head);
    switch (form) {
      case 'empty':
      case 'json':
        yield* this.jsonDocuments(source, all);
        return;
      case 'protobuf':
      case 'protobuf-delimited':
        yield* this.protobufDocuments(source, all, form === 'protobuf-delimited');
        return;
      case undefined:
        await chunks.return(undefined);
        if (failure !== undefined) {
          throw failure;
        }
        this.bad(source, 0, new GentError('TRACE_FORMAT_UNKNOWN', 'neither JSON nor OTLP protobuf'));
    }
  }

  private async *counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.stats.bytes += chunk.length;
      yield chunk;
    }
  }

  private async *jsonDocuments(source: ByteSource, chunks: AsyncIterable<Buffer>): AsyncGenerator<Span[]> {
    const texts = new JsonTexts(this.lineLimit);
    for await (const line of readLines(chunks, this.lineLimit)) {
      for (const text of texts.push(line)) {
        const spans = this.jsonSpans(source, text);
        if (spans !== undefined) {
          yield spans;
        }
      }
    }
    for (const text of texts.end()) {
      const spans = this.jsonSpans(source, text);
      if (spans !== undefined) {
        yield spans;
      }
    }
  }

  private jsonSpans(source: ByteSource, { line, text, parsed, error }: JsonText): Span[] | undefined {
    // Counters of a document that turns out to be bad are not added.
    const trial: ReadContext = { intern: this.context.intern, anomalies: newAnomalies() };
    try {
      if (error !== undefined) {
        throw error;
      }
      const spans = readExactly(text, parsed ?? parseJson(text), trial, (document, context) =>
        spansFromJson(document, this.options.format, context)
      );
      addAnomalies(this.context.anomalies, trial.anomalies);
      return spans;
    } catch (thrown) {
      this.bad(source, line, asGentError(thrown));
      return undefined;
    }
  }

  private async *protobufDocuments(
    source: ByteSource,
    chunks: AsyncIterable<Buffer>,
    delimited: boolean
  ): AsyncGenerator<Span[]> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of chunks) {
      parts.push(chunk);
      size += chunk.length;
      if (size > limit('TRACE_FILE_BYTES')) {
        const what = `the file is larger than TRACE_FILE_BYTES (${limit('TRACE_FILE_BYTES')})`;
        this.bad(source, 0, new GentError('LIMIT_EXCEEDED', what));
        return;
      }
    }
    try {
      yield* spansFromProtobufFile(Buffer.concat(parts), delimited, this.context);
    } catch (error) {
      this.bad(source, 0, asGentError(error));
    }
  }

  private bad(source: ByteSource, line: number, error: GentError): void {
    this.stats.bad++;
    const where = line > 0 ? `${source.name}:${line}` : source.name;
    if (this.options.strict === true) {
      throw new GentError('TRACE_LINE_INVALID', `${where}: ${error.message}`, { cause: error });
    }
    this.options.onBadInput?.({ file: source.name, line, error });
  }
}

/** Reads until `bytes` are at hand or the stream ends; `all` gives the whole stream. */
async function peek(
  chunks: AsyncGenerator<Buffer>,
  bytes: number
): Promise<{ head: Buffer; all: AsyncGenerator<Buffer>; failure: unknown }> {
  const parts: Buffer[] = [];
  let size = 0;
  let failure: unknown;
  while (size < bytes) {
    let next;
    try {
      next = await chunks.next();
    } catch (error) {
      // What came before a damage is still read; the error comes when the reader gets there.
      failure = error;
      break;
    }
    if (next.done === true) {
      break;
    }
    parts.push(next.value);
    size += next.value.length;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* parts;
      if (failure !== undefined) {
        throw failure;
      }
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return { head: Buffer.concat(parts), all: all(), failure };
}

/**
 * Reads traces as a stream: from files, directories (recursive, sorted) and '-' (stdin), gzip or not, of OTLP/JSON (NDJSON,
 * one document, an array, Tempo's answers), OTLP/protobuf, Jaeger JSON or Zipkin JSON. Memory is bounded by the window of
 * assembly and the longest line. A bad line is reported, counted and left out.
 * @throws GentError FILE_NOT_FOUND, FILE_UNREADABLE; TRACE_GZIP_CORRUPT after what was readable; TRACE_NONE_FOUND when
 *   there was no trace at all; TRACE_LINE_INVALID with `strict`; CANCELLED
 */
export async function* readTraces(
  inputs: string | readonly string[],
  options: ReadTracesOptions = {}
): AsyncGenerator<Trace> {
  yield* new TraceReader(options).traces(typeof inputs === 'string' ? [inputs] : inputs);
}

/** {@link readTraces} into an array, for inputs that fit in memory. */
export async function readAllTraces(
  inputs: string | readonly string[],
  options: ReadTracesOptions = {}
): Promise<Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of readTraces(inputs, options)) {
    traces.push(trace);
  }
  return traces;
}
