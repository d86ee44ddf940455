/** @file What to tell about an error that a resource answered with. */
import { isFetchError } from '@grafana/runtime';

/** The message of anything thrown, with what to do where the backend says it. */
export function messageOf(error: unknown): string {
  if (isFetchError<{ message?: string; hint?: string }>(error)) {
    const { message, hint } = error.data ?? {};
    return [message ?? error.statusText ?? `HTTP ${error.status}`, hint].filter(Boolean).join('. What to do: ');
  }
  return error instanceof Error ? error.message : String(error);
}
