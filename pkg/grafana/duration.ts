/** @file Durations as people write them in Go's and Grafana's notation. */

const NANOS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
};
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/g;

/** `30s`, `1m30s`, `1.5h` in ns; undefined when the text is no positive duration. */
export function parseDuration(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed)) {
    return undefined;
  }
  let nanos = 0;
  for (const [, number, unit] of trimmed.matchAll(PART)) {
    nanos += Number(number) * (NANOS[unit ?? ''] ?? 0);
  }
  return nanos >= 1 && Number.isSafeInteger(Math.round(nanos)) ? BigInt(Math.round(nanos)) : undefined;
}

/** ns as a short duration: `90s` → `1m30s`. */
export function printDuration(nanos: bigint): string {
  let rest = nanos;
  let text = '';
  for (const [unit, size] of [
    ['h', 3_600_000_000_000n],
    ['m', 60_000_000_000n],
    ['s', 1_000_000_000n],
    ['ms', 1_000_000n],
    ['us', 1000n],
    ['ns', 1n],
  ] as const) {
    if (rest >= size) {
      text += `${rest / size}${unit}`;
      rest %= size;
    }
  }
  return text === '' ? '0s' : text;
}
