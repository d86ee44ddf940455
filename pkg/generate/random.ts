/**
 * @file Randomness as a function of keys, in integer arithmetic: the same numbers on every machine, whatever else is
 * drawn. The mixing steps are the finaliser of MurmurHash3 (Appleby, public domain), whose avalanche is known.
 */

const TWO_32 = 4294967296;
/** Largest double below 1. */
const BELOW_ONE = 1 - 2 ** -53;

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 32 bits that depend on every bit of the key and of a, b, c. */
export function hash32(key: number, a: number, b = 0, c = 0): number {
  let h = mix(key ^ Math.imul(a, 0x9e3779b1));
  h = mix(h ^ Math.imul(b + 0x7f4a7c15, 0x85ebca77));
  h = mix(h ^ Math.imul(c + 0x165667b1, 0x27d4eb2f));
  return h >>> 0;
}

const ROUNDS = Int32Array.from([1, 2, 3, 4], (round) => Math.imul(round, 0x7feb352d));
/** Numbers up to here are permuted in 32-bit arithmetic. */
const NARROW = 2 ** 30;

/**
 * A keyed permutation of 0 … n − 1: four Feistel rounds over the next power of four, walked until the result is in
 * range (Black and Rogaway, Ciphers with arbitrary finite domains, 2002).
 */
export function permute(index: number, n: number, key: number): number {
  if (n <= 1) {
    return 0;
  }
  if (n > NARROW) {
    return permuteWide(index, n, key);
  }
  // half of the bits that n − 1 needs, rounded up
  const half = (33 - Math.clz32(n - 1)) >> 1;
  const mask = (1 << half) - 1;
  let at = index;
  do {
    let left = at >>> half;
    let right = at & mask;
    for (let round = 0; round < 4; round++) {
      const next = (left ^ mix(key ^ Math.imul(right + 1, 0x9e3779b1) ^ (ROUNDS[round] as number))) & mask;
      left = right;
      right = next;
    }
    at = (left << half) | right;
  } while (at >= n);
  return at;
}

/** {@link permute} where 32 bits do not hold the numbers. */
function permuteWide(index: number, n: number, key: number): number {
  let half = 1;
  while (2 ** (2 * half) < n) {
    half++;
  }
  const mask = 2 ** half - 1;
  const width = mask + 1;
  let at = index;
  do {
    let left = Math.floor(at / width);
    let right = at % width;
    for (let round = 0; round < 4; round++) {
      const next = (left ^ mix(key ^ Math.imul(right + 1, 0x9e3779b1) ^ (ROUNDS[round] as number))) & mask;
      left = right;
      right = next;
    }
    at = left * width + right;
  } while (at >= n);
  return at;
}

/** A number in [0, 1) that nothing but `key` and `index` decides. */
export function uniform(key: number, index: number): number {
  return hash32(key, index, 0x5bd1e995) / TWO_32;
}

/**
 * A uniform number for occurrence `index` of `n`: each of n equal strata of [0, 1) is used once, in an order that the
 * key gives, so that a marginal fills evenly and yet any single occurrence can be drawn alone.
 */
export function stratified(index: number, n: number, key: number): number {
  const u = (permute(index, n, key) + uniform(key, index)) / n;
  return u < BELOW_ONE ? u : BELOW_ONE;
}

/** Occurrences that follow each other and fill [0, 1) evenly among themselves. */
const BLOCK = 64;

/**
 * As {@link stratified}, and evenly among neighbours as well: of each 64 occurrences that follow each other, each 64th of
 * [0, 1) gets one, and over all blocks every stratum is used once (a Latin square of blocks and 64ths). Occurrences of
 * a shape are numbered in the order of time, so what is drawn within a minute is as even as what is drawn in all. Those left
 * over after the last block fill strata among themselves.
 */
export function locallyStratified(index: number, n: number, key: number): number {
  const blocks = Math.floor(n / BLOCK);
  const block = Math.floor(index / BLOCK);
  const inBlock = permutationKey(key, block);
  let u: number;
  if (block < blocks) {
    const coarse = permute(index % BLOCK, BLOCK, inBlock);
    const fine = permute(block, blocks, permutationKey(~key, coarse));
    u = (coarse * blocks + fine + uniform(key, index)) / (blocks * BLOCK);
  } else {
    const left = n - blocks * BLOCK;
    u = (permute(index - blocks * BLOCK, left, inBlock) + uniform(key, index)) / left;
  }
  return u < BELOW_ONE ? u : BELOW_ONE;
}

function permutationKey(key: number, part: number): number {
  return mix(key ^ Math.imul(part + 1, 0x2545f491));
}

/** A stream of integers for one purpose. */
export function randomStream(key: number, a: number, b: number): (below: number) => number {
  let counter = 0;
  return (below) => Math.floor((hash32(key, a, b, counter++) / TWO_32) * below);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight hex digits. */
export function hex8(value: number): string {
  return (HEX[value >>> 24] as string) + HEX[(value >>> 16) & 255] + HEX[(value >>> 8) & 255] + HEX[value & 255];
}

/** A span id: 16 hex digits, different for each node of a trace, never zero. */
export function spanIdOf(key: number, trace: number, node: number): string {
  for (let shift = 0; ; shift++) {
    let left = shift;
    let right = node;
    for (let round = 0; round < 4; round++) {
      const next = left ^ hash32(key, trace, right, round);
      left = right;
      right = next;
    }
    if ((left | right) !== 0) {
      return hex8(left >>> 0) + hex8(right >>> 0);
    }
  }
}
