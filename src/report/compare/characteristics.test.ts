import { expect, test } from "bun:test";
import { Prng } from "../../lib/prng.ts";
import { AA, simulateGate, type SimulatedGate } from "./testing/simulate.ts";

// A slice of `ordeal bench run gate-characteristics`: whole gates, by the code that decides.
const SEED = 4;
/** It is computing alone, but a busy machine has little time for it. */
const TEST_MS_MAX = 60_000;

function shares(count: number, gate: Partial<SimulatedGate>) {
  const prng = new Prng(SEED);
  const found = Array.from({ length: count }, () => simulateGate(prng, { ...AA, ...gate }));
  const share = (is: (one: (typeof found)[number]) => boolean): number =>
    found.filter(is).length / count;
  return {
    flagged: share(({ sessions }) => sessions[0]!.metrics.some((m) => m.verdict === "regressed")),
    regressed: share(({ verdict }) => verdict === "regressed"),
    unproven: share(({ verdict }) => verdict === "unproven"),
  };
}

test(
  "operating characteristics: equal arms are not called regressed, however noisy",
  () => {
    // Without Holm 4 of 10 such gates are flagged, without θ as many of the quiet ones.
    const noisy = shares(40, { sigma: 0.62, cases: 4 });
    expect(noisy.flagged).toBeLessThanOrEqual(0.05);
    expect(noisy.regressed).toBe(0);
    expect(shares(40, {}).flagged).toBeLessThanOrEqual(0.05);
  },
  TEST_MS_MAX,
);

test(
  "operating characteristics: a latency that is 20 % worse is caught and confirmed",
  () => {
    const effects = { p50: Math.log(1.2) };
    expect(shares(40, { effects }).regressed).toBeGreaterThanOrEqual(0.75);
    expect(shares(20, { effects, sigma: 0.08 }).regressed).toBe(1);
  },
  TEST_MS_MAX,
);

test(
  "operating characteristics: one bad session in two does not condemn",
  () => {
    // Just at θ: a session flags it now and then, two in a row do so much less often.
    const { flagged, regressed } = shares(60, { effects: { p50: Math.log(1.1) } });
    expect(flagged).toBeGreaterThan(0.3);
    expect(regressed).toBeLessThan(0.7 * flagged);
  },
  TEST_MS_MAX,
);

test(
  "operating characteristics: a slower machine is not mistaken for a slower head",
  () => {
    const { unproven, regressed } = shares(20, {
      effects: { throughput: 0.25, p50: 0.25 },
      canaryShift: 0.25,
    });
    expect({ unproven, regressed }).toEqual({ unproven: 1, regressed: 0 });
  },
  TEST_MS_MAX,
);
