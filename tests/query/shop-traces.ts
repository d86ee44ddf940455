/** @file Traffic of the demo's shop, always the same. */
import { simulateShop } from '../../pkg/pandora';
import type { Trace } from '../../pkg/trace';

/** @param count - of traces, spread over half an hour */
export function shopTraces(count: number): Trace[] {
  return [...simulateShop({ count, seed: 3, startUnixNano: 1_760_000_000_000_000_000n })];
}
