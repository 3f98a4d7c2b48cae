import { Prng } from "../../lib/prng.ts";

export type ArmName = "base" | "head";

/**
 * Which arm of a pair runs first, by case. The two take turns over pairs and over cases (A B B A …),
 * so that a drift of the machine, and what the run before left behind, fall on both alike; a seed
 * draws which begins.
 */
export function firstArm(seed: number, pair: number, atCase: number): ArmName {
  const begins = new Prng(seed).fork("first arm").chance(0.5) ? 0 : 1;
  return (pair + atCase + begins) % 2 === 0 ? "base" : "head";
}

export const otherArm = (arm: ArmName): ArmName => (arm === "base" ? "head" : "base");

/**
 * What one run takes besides its load: three nodes start and stop, canaries are taken, the history is
 * checked. As measured on two cores.
 */
const AROUND_RUN_MS = 2_500;

/** `12 pairs × 2 arms × 3 cases ≈ 8 min`; `loadMs` is what one run loads its cluster for. */
export function estimateText(pairs: number, cases: number, loadMs: number): string {
  const ms = pairs * 2 * cases * (loadMs + AROUND_RUN_MS);
  return `${plural(pairs, "pair")} × 2 arms × ${plural(cases, "case")} ≈ ${spanText(ms)}`;
}

export const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** `40 s`, `6 min`: rounded up, since it says when to come back. */
export const spanText = (ms: number): string =>
  ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.ceil(ms / 60_000)} min`;
