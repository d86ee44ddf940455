/** @file What goes wrong in the shop, and when: minutes of a cycle of half an hour. */

/** Length of the cycle in minutes; a longer run meets every incident again in each cycle. */
export const CYCLE_MINUTES = 30;

export type IncidentName =
  'slow-payment-gateway' | 'checkout-deploy' | 'cache-flush' | 'stock-database' | 'noisy-neighbour';

export interface Incident {
  readonly name: IncidentName;
  /** Minutes into the cycle, [from, to). */
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

export const INCIDENTS: readonly Incident[] = [
  {
    name: 'slow-payment-gateway',
    from: 6,
    to: 10,
    what: 'the payment gateway answers 14 times slower: attempts time out and are retried, checkouts queue and some fail',
  },
  {
    name: 'checkout-deploy',
    from: 13,
    to: 16,
    what: 'checkout is deployed pod by pod: service.version changes, a few calls find the pod gone, the new version checks for fraud',
  },
  {
    name: 'cache-flush',
    from: 18,
    to: 18.1,
    what: 'the catalogue cache loses everything: misses go to PostgreSQL until the cache is warm',
  },
  {
    name: 'stock-database',
    from: 22,
    to: 24,
    what: 'a third of the queries to the stock database fail with "Too many connections": product pages degrade, checkouts fail',
  },
  {
    name: 'noisy-neighbour',
    from: 26,
    to: 28,
    what: 'one catalogue pod shares its node with a batch job and works 5 times slower',
  },
];

const NANOS_PER_MINUTE = 60e9;

/** Minutes into the cycle at this virtual time (ns). */
export function cycleMinute(now: number): number {
  const minute = (now / NANOS_PER_MINUTE) % CYCLE_MINUTES;
  return minute < 0 ? minute + CYCLE_MINUTES : minute;
}

/** Whether the incident is on at this virtual time (ns). */
export function isOn(name: IncidentName, now: number): boolean {
  const minute = cycleMinute(now);
  return INCIDENTS.some((incident) => incident.name === name && minute >= incident.from && minute < incident.to);
}

/** Relative load at this virtual time: a day's rise and fall, squeezed into one cycle; its mean is 1. */
export function load(now: number): number {
  return 1 - 0.4 * Math.cos((2 * Math.PI * cycleMinute(now)) / CYCLE_MINUTES);
}
