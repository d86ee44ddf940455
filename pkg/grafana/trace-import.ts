/** @file A trace file that somebody brings → frames for the trace view. Nothing of it is kept. */
import { GentError, limit } from '../common';
import { newReadStats, readTraces, rootSpan, serviceName, StatusCode, type Trace, traceBounds } from '../trace';
import { type FrameNotice, frameJson, type Json, traceFrame, withNotices } from './frames';

const NANOS_PER_MS = 1e6;

/** What the editor lists of a trace of the file, and the frame that the trace view reads. */
export interface ImportedTrace {
  readonly traceId: string;
  /** Service and name of the root, or of the first span where the file lacks the root. */
  readonly service: string;
  readonly name: string;
  /** Unix ms. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  /** A frame as `dataFrameFromJSON` reads it. */
  readonly frame: Json;
}

/** The traces of a file, in the file's order. */
export interface TraceImport {
  readonly traces: readonly ImportedTrace[];
  /** Whether the file holds more traces than the limits allow to be shown. */
  readonly more: boolean;
  /** Lines that could not be read. */
  readonly bad: number;
}

function describe(trace: Trace): ImportedTrace {
  const root = rootSpan(trace) ?? trace.spans[0];
  const { start, end } = traceBounds(trace);
  const notice: FrameNotice = { severity: 'info', text: 'Imported from a file: this trace is not in the store.' };
  const frame = traceFrame(trace, { executedQueryString: trace.traceId });
  return {
    traceId: trace.traceId,
    service: root === undefined ? '' : serviceName(root.resource),
    name: root?.name ?? '',
    startMs: Number(start) / NANOS_PER_MS,
    durationMs: Number(end - start) / NANOS_PER_MS,
    spans: trace.spans.length,
    errors: trace.spans.filter(({ statusCode }) => statusCode === StatusCode.Error).length,
    frame: frameJson(withNotices(frame, [notice])),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Buffer> {
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads a trace file in any format that `gent train` reads, zipped or not: the first PLUGIN_IMPORT_TRACES traces, and
 * PLUGIN_IMPORT_SPANS spans at most beyond the first trace.
 * @throws GentError LIMIT_EXCEEDED, TRACE_* when no trace can be read, CANCELLED
 */
export async function importTraces(bytes: Uint8Array, signal?: AbortSignal): Promise<TraceImport> {
  const most = limit('PLUGIN_UPLOAD_BYTES');
  if (bytes.length > most) {
    throw new GentError('LIMIT_EXCEEDED', `the file has ${bytes.length} bytes, PLUGIN_UPLOAD_BYTES=${most}`);
  }
  const [mostTraces, mostSpans] = [limit('PLUGIN_IMPORT_TRACES'), limit('PLUGIN_IMPORT_SPANS')];
  const stats = newReadStats();
  const traces: ImportedTrace[] = [];
  let spans = 0;
  let why = '';
  try {
    const options = {
      stdin: once(bytes),
      stats,
      onBadInput: ({ error }: { error: GentError }) => (why ||= error.message),
    };
    for await (const trace of readTraces('-', { ...options, ...(signal === undefined ? {} : { signal }) })) {
      spans += trace.spans.length;
      if (traces.length === mostTraces || (traces.length > 0 && spans > mostSpans)) {
        return { traces, more: true, bad: stats.bad };
      }
      traces.push(describe(trace));
    }
  } catch (error) {
    if (error instanceof GentError && error.code === 'TRACE_NONE_FOUND') {
      throw new GentError('TRACE_NONE_FOUND', `no trace in the file${why === '' ? '' : `: ${why}`}`, { cause: error });
    }
    throw error;
  }
  return { traces, more: false, bad: stats.bad };
}
