/** @file Durations as TraceQL writes them: Prometheus form (`1d2h`), then Go form (`1.5h`, `100µs`); printed as Go prints them. */

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
};
const MAX_INT64 = 2n ** 63n - 1n;

// Each unit at most once and in this order.
const PROMETHEUS = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const PROMETHEUS_UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];
const GO_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Nanoseconds of a duration literal, or undefined when it is not one (or does not fit int64). */
export function parseDuration(text: string): bigint | undefined {
  const parts = PROMETHEUS.exec(text);
  let total = 0n;
  if (parts !== null && text !== '') {
    PROMETHEUS_UNITS.forEach((unit, i) => {
      const count = parts[i + 1];
      if (count !== undefined) {
        total += BigInt(count) * (NANOS[unit] ?? 0n);
      }
    });
    return total > MAX_INT64 ? undefined : total;
  }
  let at = 0;
  while (at < text.length) {
    GO_PART.lastIndex = at;
    const part = GO_PART.exec(text);
    if (part === null) {
      return undefined;
    }
    const [whole = '', fraction = ''] = (part[1] ?? '').split('.');
    const unit = NANOS[part[2] ?? ''] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * unit;
    const digits = fraction.slice(0, 18);
    if (digits !== '') {
      total += (BigInt(digits) * unit) / 10n ** BigInt(digits.length);
    }
    if (total > MAX_INT64) {
      return undefined;
    }
    at = GO_PART.lastIndex;
  }
  return at === 0 ? undefined : total;
}

function fraction(value: bigint, unit: bigint): string {
  const digits = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}${digits === '' ? '' : `.${digits}`}`;
}

/** Nanoseconds as Go's time.Duration prints them: `1h0m0s`, `1.8s`, `3ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos < 0n) {
    return `-${formatDuration(-nanos)}`;
  }
  if (nanos === 0n) {
    return '0s';
  }
  if (nanos < 1_000n) {
    return `${nanos}ns`;
  }
  if (nanos < 1_000_000n) {
    return `${fraction(nanos, 1_000n)}µs`;
  }
  if (nanos < 1_000_000_000n) {
    return `${fraction(nanos, 1_000_000n)}ms`;
  }
  const seconds = fraction(nanos % 60_000_000_000n, 1_000_000_000n);
  const minutes = nanos / 60_000_000_000n;
  if (minutes === 0n) {
    return `${seconds}s`;
  }
  return minutes < 60n ? `${minutes}m${seconds}s` : `${minutes / 60n}h${minutes % 60n}m${seconds}s`;
}
