import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { Arrivals } from "./arrivals.ts";

const SEED = 20260731;

function times(kind: "constant" | "poisson", rate: number, count: number): number[] {
  const arrivals = new Arrivals(kind, rate, 100, new Prng(SEED));
  return Array.from({ length: count }, () => {
    const at = arrivals.nextMs;
    arrivals.advance();
    return at;
  });
}

test("arrivals: a constant rate does not drift", () => {
  const at = times("constant", 3000, 30_001);
  expect(at[0]).toBe(100);
  expect(at[30_000]).toBeCloseTo(100 + 10_000, 6);
  expect(at[1]! - at[0]!).toBeCloseTo(1 / 3, 9);
});

test("arrivals: Poisson has the rate on average, and gaps as scattered as they are long", () => {
  const at = times("poisson", 1000, 50_000);
  const gaps = at.slice(1).map((t, i) => t - at[i]!);
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  const variance = gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / gaps.length;
  expect(mean, `seed ${SEED}`).toBeCloseTo(1, 1);
  expect(Math.sqrt(variance), `seed ${SEED}`).toBeCloseTo(1, 1);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
});
