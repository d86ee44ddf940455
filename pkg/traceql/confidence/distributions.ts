/** @file Distributions that intervals are read from. Source of formulas: NIST Digital Library of Mathematical Functions. */

/** Quantile of the normal distribution for 95%. */
const Z = 1.96;
/** Student's t for 95%, by degrees of freedom from 1. */
const T = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

/** Student's t for 95%. @param freedom - degrees of freedom, at least 1 */
export function studentT(freedom: number): number {
  const at = Math.max(1, Math.floor(freedom));
  return T[at - 1] ?? Z + 2.4 / at;
}

const LANCZOS = [
  76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
  -0.5395239384953e-5,
];

/** ln Γ(x) for x > 0, to 1e-10. Source: C. Lanczos, SIAM J. Numer. Anal. B 1 (1964). */
function logGamma(x: number): number {
  const shifted = x + 5.5;
  const sum = LANCZOS.reduce((total, factor, i) => total + factor / (x + 1 + i), 1.000000000190015);
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310005 * sum) / x);
}

/** Lentz's method for the continued fraction of the incomplete beta function (DLMF 8.17.22). */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let result = d;
  for (let m = 1; m <= 200; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 + term * d;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + term / c;
      c = Math.abs(c) < tiny ? tiny : c;
      change = c * d;
      result *= change;
    }
    if (Math.abs(change - 1) < 1e-7) {
      break;
    }
  }
  return result;
}

/** Probability that a beta variable is at most x. @param a, b - its parameters, above 0 */
function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) {
    return 0;
  }
  if (x >= 1) {
    return 1;
  }
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

/** Numbers up to which each is counted by itself. */
const FEW = 24;

/**
 * Probability that a beta-binomial number lies below x: between the middles of whole numbers the distribution is taken to
 * be linear, so below k + ½ it is that of at most k.
 * @param x - any number
 * @param n - numbers go up to n, which need not be whole
 * @param a, b - of the beta distribution, at least 0
 */
export function betaBinomialBelow(x: number, n: number, a: number, b: number): number {
  if (x <= -0.5 || b <= 0) {
    return x >= n ? 1 : 0;
  }
  if (x >= n || a <= 0) {
    return 1;
  }
  if (x > FEW) {
    // A beta variable of the same mean and variance.
    const strength = Math.max(1e-3, (a + b + 1) / (1 + (a + b) / n) - 1) / (a + b);
    return betaBelow(x / n, a * strength, b * strength);
  }
  let one = Math.exp(logGamma(b + n) + logGamma(a + b) - logGamma(b) - logGamma(a + b + n));
  let sum = 0;
  const last = Math.floor(x + 0.5);
  for (let k = 0; k < last; k++) {
    sum += one;
    one *= ((n - k) * (a + k)) / ((k + 1) * Math.max(1e-9, b + n - k - 1));
  }
  return Math.min(1, Math.max(0, sum + Math.max(0, one) * (x + 0.5 - last)));
}

/** Events beyond which counts are told in larger units. */
const MOST_TERMS = 300;

/** Shape from which on the approximation below is good. */
const GAMMA_SHAPE = 20;

/** Quantile of a gamma variable (E. Wilson and M. Hilferty, PNAS 17, 1931). @param z - of the normal distribution */
function gammaQuantile(mean: number, variance: number, z: number): number {
  const ninth = variance / (9 * mean * mean);
  return mean * Math.max(0, 1 - ninth + z * Math.sqrt(ninth)) ** 3;
}

/**
 * The middle 95% of a number of events from a negative binomial distribution; where none at all is more likely than the
 * lower tail, what is left out is all above. Ends lie between whole numbers, where half of the next number's probability
 * is counted (mid-P: H. Lancaster, JASA 56, 1961), so that ends that have to be whole are right on average.
 * @param shape - r, above 0
 * @param mean - of the number, at least 0
 */
export function eventsWithin(shape: number, mean: number): { lower: number; upper: number } {
  const variance = mean + (mean * mean) / shape;
  const most = mean + 4 * Math.sqrt(variance);
  if (most > MOST_TERMS && mean * mean > GAMMA_SHAPE * variance) {
    return { lower: gammaQuantile(mean, variance, -Z), upper: gammaQuantile(mean, variance, Z) };
  }
  // Many events are counted in larger units, so that the mean and the variance stay.
  const unit = Math.max(1, most / MOST_TERMS);
  const scaled = mean / unit;
  const r = unit === 1 ? shape : (scaled * scaled) / (variance / unit ** 2 - scaled);
  const odds = scaled / (r + scaled);
  let probability = Math.exp(-r * Math.log1p(scaled / r));
  const tail = probability >= 0.025 ? 0 : 0.025;
  const until = 1 - 0.05 + tail;
  let below = 0;
  let lower = tail === 0 ? 0 : undefined;
  let before = 0;
  let k = 0;
  for (; k < 4 * MOST_TERMS; k++) {
    // The distribution up to the middle of k.
    const middle = below + probability / 2;
    const between = (level: number): number => Math.max(0, k - 1 + (level - before) / Math.max(1e-12, middle - before));
    if (lower === undefined && middle >= tail) {
      lower = between(tail);
    }
    if (middle >= until) {
      return { lower: unit * (lower ?? 0), upper: unit * between(until) };
    }
    before = middle;
    below += probability;
    probability *= (odds * (r + k)) / (k + 1);
  }
  return { lower: unit * (lower ?? 0), upper: unit * k };
}
