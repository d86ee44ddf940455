/**
 * @file Which slots of few values may repeat their origin. A slot that goes with others of its span (a status code with
 * the error's type) may only repeat a value when those repeat theirs from the same place: else they would disagree.
 */
import { entropyBits } from './groups';
import { isInstanceOrigin } from './origins';
import { MIN_SHARE_OF_FEW, type ChosenOrigin } from './origins-learn';

/** Slots that share so much of the lesser entropy, among spans of one status, go together. */
const TOGETHER = 0.3;
/** Values told apart; the rest count as one. */
const MOST_STATES = 63;

/** What is known of the slots of a kind of thing. */
export interface CopyQuestion {
  readonly count: number;
  readonly slots: number;
  state(slot: number, i: number): number;
  status(i: number): number;
}

/** States as small numbers, the most frequent apart. */
function columnOf(question: CopyQuestion, slot: number): Uint8Array {
  const ids = new Map<number, number>();
  return Uint8Array.from({ length: question.count }, (_, i) => {
    const state = question.state(slot, i);
    let id = ids.get(state);
    if (id === undefined) {
      id = Math.min(MOST_STATES, ids.size);
      ids.set(state, id);
    }
    return id;
  });
}

function together(question: CopyQuestion, a: Uint8Array, b: Uint8Array): boolean {
  const counts = [0, 1, 2].map(() => ({
    a: new Map<number, number>(),
    b: new Map<number, number>(),
    joint: new Map<number, number>(),
  }));
  const add = (map: Map<number, number>, key: number): unknown => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < question.count; i++) {
    const own = counts[Math.min(2, question.status(i))] ?? counts[0];
    const [x, y] = [a[i] as number, b[i] as number];
    if (own !== undefined) {
      add(own.a, x);
      add(own.b, y);
      add(own.joint, x * 64 + y);
    }
  }
  const sum = (of: 'a' | 'b' | 'joint'): number =>
    counts.reduce((total, own) => total + entropyBits(own[of].values()), 0);
  const [ofA, ofB] = [sum('a'), sum('b')];
  const freedom = counts.reduce((total, own) => total + Math.max(0, own.a.size - 1) * Math.max(0, own.b.size - 1), 0);
  const shared = ofA + ofB - sum('joint') - freedom / (2 * Math.LN2);
  return shared > TOGETHER * Math.min(ofA, ofB) && shared > 0;
}

/** The origins that are left, with what repeats. */
export function settledCopies(
  question: CopyQuestion,
  origins: ReadonlyArray<ChosenOrigin | undefined>
): Array<ChosenOrigin | undefined> {
  const left = [...origins];
  if (!origins.some((origin) => origin?.few === true)) {
    return left;
  }
  const columns = Array.from({ length: question.slots }, (_, slot) => columnOf(question, slot));
  const partners = columns.map((column, slot) =>
    left[slot]?.few === true
      ? columns.flatMap((other, t) => (t !== slot && together(question, column, other) ? [t] : []))
      : []
  );
  const agree = (slot: number, t: number): boolean => {
    const [own, other] = [left[slot], left[t]];
    return own !== undefined && other?.few === true && own.origin.kind === other.origin.kind;
  };
  // a slot that loses its origin may take others with it
  for (let changed = true; changed;) {
    changed = false;
    left.forEach((origin, slot) => {
      if (
        origin?.few === true &&
        !isInstanceOrigin(origin.origin.kind) &&
        !partners[slot]?.every((t) => agree(slot, t))
      ) {
        left[slot] = undefined;
        changed = true;
      }
    });
  }
  return left.map((origin, slot) => {
    const others = (partners[slot] ?? []).flatMap((t) => left[t] ?? []);
    if (origin === undefined || others.length === 0) {
      return origin;
    }
    const all = [origin, ...others];
    const repeats = origin.repeats.map((own, i) => (own === 0 ? 0 : all.every((one) => one.repeats[i] === 2) ? 2 : 1));
    const available = repeats.reduce((sum, own) => sum + (own > 0 ? 1 : 0), 0);
    const copied = repeats.reduce((sum, own) => sum + (own === 2 ? 1 : 0), 0);
    return copied >= MIN_SHARE_OF_FEW * available ? { ...origin, repeats } : undefined;
  });
}
