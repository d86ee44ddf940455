/** @file Trace ids as people type them. */
import { GentError } from '../common';
import { padId, TRACE_ID_DIGITS } from '../trace';

const HEX = /^[0-9a-f]{1,32}$/;

/** Lower case, with its leading zeros. @throws GentError QUERY_BAD_REQUEST when it is no trace id */
export function normalTraceId(text: string): string {
  const id = text.trim().toLowerCase();
  if (!HEX.test(id)) {
    throw new GentError(
      'QUERY_BAD_REQUEST',
      `${JSON.stringify(text.slice(0, 80))} is no trace id: up to 32 hex digits`
    );
  }
  return padId(id, TRACE_ID_DIGITS);
}
