import { expect, test } from "bun:test";
import { UserError } from "../../lib/user-error.ts";
import { loadMetrics } from "./metrics.ts";
import { type GateFound, type GateStep, nextStep, pairsMin, planGate } from "./paired.ts";
import type { RunPair, SessionRuns } from "./runs.ts";
import { check, P50, pairsFixture, SPIN, THROUGHPUT, withRun } from "./testing/pairs.ts";

const PLAN = planGate([P50, THROUGHPUT], [SPIN]);
const WORSE = Math.log(1.2);

const step = (...sessions: readonly (readonly RunPair[])[]): GateStep =>
  nextStep(
    PLAN,
    sessions.map((pairs): SessionRuns => ({ startedAt: "", pairs })),
  );
function found(...sessions: readonly (readonly RunPair[])[]): GateFound {
  const next = step(...sessions);
  if (next.kind !== "done") throw new Error(`the gate goes on: ${next.why}`);
  return next.found;
}

test("gate: begins with twelve pairs, and ends there when all is clear", () => {
  expect(step()).toMatchObject({ kind: "run", session: 0, pairs: 12 });
  expect(step(pairsFixture(5, 0))).toMatchObject({ kind: "run", session: 0, pairs: 7 });
  const { verdict, sessions, metrics, summary } = found(pairsFixture(12, 0));
  expect(verdict).toBe("pass");
  expect(sessions).toMatchObject([{ pairs: 12, looks: 1, canaries: [] }]);
  expect(metrics.map((metric) => metric.verdict)).toEqual(["pass", "pass"]);
  expect(summary).toBe("no regression in 2 metrics");
});

test("gate: anything inconclusive extends it once to 24 pairs, and never further", () => {
  const unclear = pairsFixture(12, 0.05, 0.4);
  expect(step(unclear)).toMatchObject({ kind: "run", session: 0, pairs: 12 });
  expect(step([...unclear, ...unclear.slice(0, 4)])).toMatchObject({ session: 0, pairs: 8 });
  const { verdict, sessions, summary } = found([...unclear, ...unclear]);
  expect(verdict).toBe("inconclusive");
  expect(sessions).toMatchObject([{ pairs: 24, looks: 2 }]);
  expect(summary).toMatch(/^cannot tell: p50 \(so many runs find \d+ % or more\), throughput/);
});

test("gate: a regression needs a second session that agrees, of the flagged metrics only", () => {
  const slowP50 = pairsFixture(12, 0).map(({ base, head }) => ({
    base,
    head: { ...head, metrics: { ...head.metrics, p50: 1200 } },
  }));
  const next = step(slowP50);
  expect(next).toMatchObject({ kind: "run", session: 1, pairs: 12, metrics: [P50] });
  expect(step(slowP50, pairsFixture(3, WORSE))).toMatchObject({ session: 1, pairs: 9 });
  const confirmed = found(slowP50, pairsFixture(12, WORSE));
  expect(confirmed.verdict).toBe("regressed");
  expect(confirmed.summary).toMatch(/^worse: p50 \+\d+\.\d %, confirmed by a second session$/);
  expect(confirmed.sessions).toHaveLength(2);
  expect(confirmed.sessions[1]!.metrics.map(({ metric }) => metric.name)).toEqual(["p50"]);
});

test("gate: a second session that does not agree acquits", () => {
  const bad = pairsFixture(12, WORSE);
  expect(found(bad, pairsFixture(12, 0)).verdict).toBe("pass");
  // One that cannot tell does not condemn either.
  expect(found(bad, pairsFixture(12, 0.1, 0.5)).verdict).toBe("inconclusive");
  expect(found(bad, pairsFixture(12, -WORSE)).verdict).toBe("inconclusive");
});

test("gate: the figures of a flagged metric are those of the session that was not chosen for them", () => {
  const { metrics } = found(pairsFixture(12, 0.5), pairsFixture(12, WORSE));
  expect(metrics[0]!.estimate).toBeCloseTo(WORSE, 1);
});

test("gate: an improvement is told, and needs no confirmation", () => {
  const { verdict, summary } = found(pairsFixture(12, -WORSE));
  expect(verdict).toBe("improved");
  expect(summary).toContain("better: p50 −1");
});

test("gate: a wrong head ends it at once, whatever the speed", () => {
  const lost = { checks: [check("no-lost-acks", "fail", "k7 is lost")] };
  const { verdict, summary } = found(withRun(pairsFixture(3, -1), 2, "head", lost));
  expect(verdict).toBe("violated");
  expect(summary).toBe("the head is wrong: no-lost-acks (run 3: k7 is lost)");
});

test("gate: a saturated generator ends it at once, but a wrong head weighs more", () => {
  const saturated = withRun(pairsFixture(2, 0), 1, "base", { void: "97 % of a core" });
  expect(found(saturated)).toMatchObject({
    verdict: "void",
    summary: "the figures are void: base, pair 2: 97 % of a core",
  });
  const both = withRun(saturated, 1, "head", { checks: [check("linearizable", "fail")] });
  expect(found(both).verdict).toBe("violated");
});

test("gate: a machine that was slower under one arm proves nothing, and is not asked again", () => {
  for (const spin of [130, 70]) {
    const moved = pairsFixture(12, WORSE).map(({ base, head }) => ({
      base,
      head: { ...head, canaries: { "CPU spin": spin } },
    }));
    const { verdict, summary, sessions } = found(moved);
    expect(verdict).toBe("unproven");
    expect(summary).toMatch(/the machine was not the same for both arms \(CPU spin [+−]30.0 %\)/);
    expect(sessions[0]!.canaries).toHaveLength(1);
  }
});

test("gate: what cannot be proved is not run any longer to be told more exactly", () => {
  const unclear = pairsFixture(12, 0.05, 0.4).map(({ base, head }) => ({
    base,
    head: { ...head, canaries: { "CPU spin": 130 } },
  }));
  expect(found(unclear)).toMatchObject({ verdict: "unproven", sessions: [{ pairs: 12 }] });
});

test("gate: a canary that differs by chance, or by little, is not the machine's doing", () => {
  const canaries = (spinOf: (i: number) => number): RunPair[] =>
    pairsFixture(12, 0).map(({ base, head }, i) => ({
      base,
      head: { ...head, canaries: { "CPU spin": spinOf(i) } },
    }));
  // Slower in 10 of 12 pairs, by a lot: p 0.016.
  expect(found(canaries((i) => (i < 2 ? 40 : 130 + i))).verdict).toBe("pass");
  expect(found(canaries((i) => (i < 1 ? 99 : 130 + i))).verdict).toBe("unproven");
  // Always slower, by 5 %.
  expect(found(canaries((i) => 105 + i / 10)).verdict).toBe("pass");
});

test("gate: canaries of the session that confirms count as well", () => {
  const moved = pairsFixture(12, WORSE).map(({ base, head }) => ({
    base,
    head: { ...head, canaries: { "CPU spin": 130 } },
  }));
  expect(found(pairsFixture(12, WORSE), moved).verdict).toBe("unproven");
});

test("gate: a check that came to no verdict proves nothing", () => {
  const unknown = { checks: [check("linearizable", "unknown", "out of time")] };
  const { verdict, summary } = found(withRun(pairsFixture(12, 0), 4, "head", unknown));
  expect(verdict).toBe("unproven");
  expect(summary).toBe("nothing is proved: linearizable is unknown (run 5: out of time)");
});

test("gate: too few pairs for so many metrics, or none to judge, is refused", () => {
  expect([1, 3, 8, 60].map(pairsMin)).toEqual([7, 8, 10, 12]);
  const eight = Array.from({ length: 8 }, (_, i) => ({ ...P50, name: `p50 ${i}` }));
  expect(() => planGate(eight, [], 9)).toThrow("use at least 10, or gate fewer metrics");
  expect(planGate(eight, [], 10).pairs).toBe(10);
  expect(() => planGate([P50], [], 12.5)).toThrow(UserError);
  expect(() => planGate(loadMetrics("").slice(3), [])).toThrow("none is gated");
});

test("gate: the fewest pairs are enough for all metrics to be found regressed", () => {
  for (const gated of [1, 3, 8]) {
    const metrics = Array.from({ length: gated }, (_, i) => ({ ...P50, name: `p50 ${i}` }));
    const plan = planGate(metrics, [], pairsMin(gated));
    const pairs = pairsFixture(plan.pairs, WORSE).map(({ base, head }) => {
      const as = (value: number): Record<string, number> =>
        Object.fromEntries(metrics.map(({ name }) => [name, value]));
      return {
        base: { ...base, metrics: as(base.metrics["p50"]!) },
        head: { ...head, metrics: as(head.metrics["p50"]!) },
      };
    });
    const next = nextStep(plan, [{ startedAt: "", pairs }]);
    expect(next).toMatchObject({ kind: "run", session: 1, metrics });
  }
});
