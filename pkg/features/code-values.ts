/**
 * @file Whole numbers that are codes: of their key, nearly all that was seen are a few numbers that many traces have. A
 * rare one is then given as the nearest of those with as many digits, since a number made up would be no code at all.
 */
import type { BatchColumns } from './columns';

/** A key is one of codes when so much of what was seen of it are values of enough traces. */
const SHARE_OF_CODES = 0.9;
const MOST_CODES = 64;

/** For each pair, the pair that stands for it: mostly itself. */
export function codeStandIns(batch: BatchColumns, k: number): (pair: number) => number {
  const kept = new Map<number, Array<{ pair: number; value: bigint }>>();
  const seen = new Map<number, { all: number; kept: number }>();
  batch.pairs.forEach(({ key, value }, pair) => {
    const traces = batch.pairTraces[pair] as number;
    const sum = seen.get(key) ?? { all: 0, kept: 0 };
    seen.set(key, sum);
    sum.all += traces;
    if (traces >= k) {
      sum.kept += traces;
      if (typeof value === 'bigint') {
        const list = kept.get(key) ?? [];
        kept.set(key, list);
        list.push({ pair, value });
      }
    }
  });
  const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
  return (pair) => {
    const entry = batch.pairs[pair];
    if (entry === undefined || typeof entry.value !== 'bigint' || (batch.pairTraces[pair] as number) >= k) {
      return pair;
    }
    const { value } = entry;
    const sum = seen.get(entry.key) ?? { all: 1, kept: 0 };
    const codes = kept.get(entry.key) ?? [];
    if (codes.length > MOST_CODES || sum.kept < SHARE_OF_CODES * sum.all) {
      return pair;
    }
    return (
      codes
        .filter((code) => String(code.value).length === String(value).length)
        .reduce<{ pair: number; value: bigint } | undefined>(
          (best, code) =>
            best === undefined || distance(code.value, value) < distance(best.value, value) ? code : best,
          undefined
        )?.pair ?? pair
    );
  };
}
