/** @file What to do about an answer in which nothing was found. */
import type { TimeRange } from '../../query';
import type { FrameNotice } from '../frames';
import type { Instance } from '../instances';

/** `2026-11-23 09:00`, in UTC. */
const minute = (nanos: bigint): string =>
  new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 16).replace('T', ' ');

/**
 * Says why nothing was found: no models, none for this time, or none with what was asked for. Never throws: the answer
 * stands without it.
 * @param matching - what no model has, e.g. "a trace that matches"; left out where only missing models are worth a word
 */
export async function emptyNotices(instance: Instance, range: TimeRange, matching?: string): Promise<FrameNotice[]> {
  const description = await instance.engine.describe().catch(() => undefined);
  if (description?.kind !== 'models') {
    return [];
  }
  const { models, window } = description;
  if (models.length === 0 || window === undefined) {
    const text = 'The store has no models yet: a trainer publishes them (gent trainer --store DIR).';
    return [{ severity: 'warning', text }];
  }
  const covering = models.filter((model) => model.window.end > range.start && model.window.start < range.end).length;
  if (covering === 0) {
    const between = `${minute(window.start)} and ${minute(window.end)} UTC`;
    return [{ severity: 'warning', text: `No model covers this time range: choose one between ${between}.` }];
  }
  if (matching === undefined) {
    return [];
  }
  const who =
    covering === 1
      ? 'The model of this time range does not have'
      : `None of the ${covering} models of this time range has`;
  return [{ severity: 'info', text: `${who} ${matching}. Loosen a condition, or choose a longer time range.` }];
}
