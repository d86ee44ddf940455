/** @file Asks the engine whether a text is a query, once the typing pauses. */
import { useEffect, useState } from 'react';
import type { QueryCheck } from '../resources';
import { isTraceId } from '../traceql';

export type CheckState = QueryCheck | { kind: 'traceId' } | { kind: 'unknown' };

/** Milliseconds without a key before the text is checked. */
const PAUSE = 300;

/** What the text is. `unknown` until the first answer, and while the backend cannot be asked. */
export function useQueryCheck(text: string, check: (text: string) => Promise<QueryCheck>): CheckState {
  const [state, setState] = useState<{ text: string; check: CheckState }>({ text: '', check: { kind: 'unknown' } });

  useEffect(() => {
    if (text.trim() === '' || isTraceId(text)) {
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      check(text).then(
        (answer) => current && setState({ text, check: answer }),
        () => current && setState({ text, check: { kind: 'unknown' } })
      );
    }, PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, check]);

  if (text.trim() === '') {
    return { kind: 'empty' };
  }
  if (isTraceId(text)) {
    return { kind: 'traceId' };
  }
  // An error of the text before would be underlined at a wrong place.
  return state.check.kind === 'error' && state.text !== text ? { kind: 'unknown' } : state.check;
}
