import type { Prng } from "../lib/prng.ts";

/** Keys are `k0000000` … `k9999999`. */
export const KEY_BYTES = 8;
export const KEYS_MAX = 10_000_000;
export const keyText = (key: number): string => `k${String(key).padStart(KEY_BYTES - 1, "0")}`;

const LETTER_K = 0x6b;
const DIGIT_0 = 0x30;

/** Writes keyText(key) into the first KEY_BYTES bytes. */
export function writeKey(into: Uint8Array, key: number): void {
  into[0] = LETTER_K;
  let rest = key;
  for (let i = KEY_BYTES - 1; i > 0; i--) {
    const tenth = (rest / 10) | 0;
    into[i] = DIGIT_0 + rest - tenth * 10;
    rest = tenth;
  }
}

/** Chooses the key of an operation, 0 … keys − 1. `isWrite`: it puts a value there. */
export type KeyChooser = (isWrite: boolean) => number;

export type KeyDistribution = "uniform" | "zipfian" | "latest" | "sequential";

/**
 * `first`, `step`: of the writes of `latest`, so that the parts of a load go round together.
 *
 * uniform   every key alike
 * zipfian   the r-th most popular key is asked for in proportion to 1/r^0.99 (YCSB); the popular
 *           ones are scattered over the key space, each key has a rank of its own
 * latest    writes go round the key space, reads fall zipfian on the keys written last (YCSB D)
 * sequential  key after key, and from the first again
 */
export function keyChooser(
  distribution: KeyDistribution,
  keys: number,
  prng: Prng,
  first = 0,
  step = 1,
): KeyChooser {
  if (distribution === "uniform") return () => prng.below(keys);
  if (distribution === "sequential") {
    let last = first - step;
    return () => (last = (last + step) % keys);
  }
  const rank = zipfian(keys, prng);
  if (distribution === "zipfian") return () => scatter(rank(), keys);
  let newest = (first + keys - (step % keys)) % keys;
  return (isWrite) => {
    if (isWrite) newest = (newest + step) % keys;
    else return (newest - rank() + keys) % keys;
    return newest;
  };
}

const THETA = 0.99;

/** Ranks 0 … n − 1, rank r with weight 1/(r + 1)^0.99 (Gray et al. 1994, as in YCSB). */
export function zipfian(n: number, prng: Prng): () => number {
  let zeta = 0;
  for (let i = 1; i <= n; i++) zeta += i ** -THETA;
  const zeta2 = 1 + 2 ** -THETA;
  const alpha = 1 / (1 - THETA);
  const eta = (1 - (2 / n) ** (1 - THETA)) / (1 - zeta2 / zeta);
  return () => {
    const u = prng.float();
    const uz = u * zeta;
    if (uz < 1 || n === 1) return 0;
    if (uz < zeta2 || n === 2) return 1;
    return Math.min(n - 1, Math.floor(n * (eta * u - eta + 1) ** alpha));
  };
}

/** A prime above KEYS_MAX, so that multiplying by it permutes the keys; products stay below 2^53. */
const SCATTER = 179_424_673;
const scatter = (rank: number, keys: number): number => (rank * SCATTER) % keys;
