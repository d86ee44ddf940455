/** @file A function that stays the same while what it does follows the last render. */
import { useCallback, useLayoutEffect, useRef } from 'react';

/**
 * For the options of Grafana's Combobox: it takes another function, or another list, for another selected item, and says
 * so to `onChange`. An editor whose change brings a new time range would then change for ever.
 */
export function useStableCallback<Arguments extends unknown[], Result>(
  callback: (...given: Arguments) => Result
): (...given: Arguments) => Result {
  const latest = useRef(callback);
  useLayoutEffect(() => {
    latest.current = callback;
  });
  return useCallback((...given: Arguments) => latest.current(...given), []);
}
