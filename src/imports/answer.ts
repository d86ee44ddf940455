/** @file An imported trace as the answer to a query. */
import { type DataQueryResponse, dataFrameFromJSON, LoadingState } from '@grafana/data';
import type { GenTQuery } from '../types';
import type { Imports } from './imports';

/** The trace that the query names, else the first of its file. Never throws: a file that is gone is the query's error. */
export function answerImport({ refId, query, importId, fileName }: GenTQuery, imports: Imports): DataQueryResponse {
  const file = imports.get(importId);
  const trace = file?.traces.find(({ traceId }) => traceId === query) ?? file?.traces[0];
  const key = `import-${refId}`;
  if (trace === undefined) {
    const message = `${fileName ?? 'The file'} is not open here: a trace file stays in the tab in which it was opened. What to do: choose it again.`;
    return { data: [], errors: [{ refId, message }], state: LoadingState.Error, key };
  }
  return { data: [{ ...dataFrameFromJSON(trace.frame), refId }], state: LoadingState.Done, key };
}
