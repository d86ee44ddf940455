/** @file The shop in real time: as virtual time keeps up with the clock, its traces are sent as they end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TraceSender } from './send';
import { Shop } from './shop';

const TICK_MS = 1000;

export interface LiveOptions {
  readonly seed: number;
  /** Mean traces a second. */
  readonly rate: number;
  /** Traces to send; absent = until `signal` aborts. */
  readonly count?: number;
  readonly signal: AbortSignal;
}

/** Sends the shop's traces as they happen. Returns when `count` are sent or `signal` aborts. */
export async function sendLive(sender: TraceSender, { seed, rate, count, signal }: LiveOptions): Promise<void> {
  const started = Date.now();
  const shop = new Shop({ seed, rate, startUnixNano: BigInt(started) * 1_000_000n });
  let left = count ?? Number.POSITIVE_INFINITY;
  while (left > 0 && !signal.aborted) {
    const traces = shop.runUntil((Date.now() - started) * 1e6).slice(0, left);
    left -= traces.length;
    try {
      await sender.send(traces);
      if (left > 0) {
        await sleep(TICK_MS, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }
}
