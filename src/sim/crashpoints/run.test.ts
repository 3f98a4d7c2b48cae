import { expect, test } from "bun:test";
import { crashAt, type Cut, listPoints, OUTCOMES, POWERS } from "./run.ts";

const OPTIONS = { seed: 1, nodes: 3, judge: "all" } as const;
/** `ordeal crashpoints` takes them all. */
const ANSWERS_STEP = 8;
/** For machines that do something else as well. */
const WITHIN_MS = 60_000;

/** Without these the run would not have what it is for. */
const KINDS = [
  ...["first start: segment create", "first start: segment sync"],
  ...["record write", "record sync", "log directory sync"],
  ...["segment create", "segment write", "segment zero", "segment rename"],
  ...["spare segment write", "spare segment sync", "spare segment rename"],
  ...["new snapshot create", "new snapshot write", "new snapshot sync", "new snapshot rename"],
  ...["snapshot directory sync", "old snapshot delete"],
  ...["received snapshot create", "received snapshot sync", "received snapshot rename"],
  ...["send vote request", "send vote", "send append", "send ack", "send heartbeat"],
  ...["send snapshot chunk", "send snapshot ack", "send transfer", "client answer"],
];

test(
  "crash points: the run has every kind of boundary, and passes without a cut",
  () => {
    const { points, result } = listPoints(OPTIONS);
    expect(result.violation).toBeNull();
    const kinds = new Set(points.map(({ kind }) => kind));
    expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
    expect([...kinds].some((kind) => kind.startsWith("recovery: "))).toBe(true);
    // One run a point, outcome and power.
    expect(points.length * OUTCOMES.length * POWERS.length).toBeGreaterThan(2_000);
  },
  WITHIN_MS,
);

test(
  "crash points: any seed has them all",
  () => {
    for (const seed of [2, 3]) {
      const { points, result } = listPoints({ ...OPTIONS, seed });
      expect(result.violation, `seed ${seed}`).toBeNull();
      const kinds = new Set(points.map(({ kind }) => kind));
      expect(
        KINDS.filter((kind) => !kinds.has(kind)),
        `seed ${seed}`,
      ).toEqual([]);
    }
  },
  WITHIN_MS,
);

/** A cut at each of these, the outcomes and powers in turn. */
function expectNoLoss(points: readonly number[]): void {
  for (const [i, point] of points.entries()) {
    const keeps = OUTCOMES[i % OUTCOMES.length]!;
    const cut: Cut = { point, keeps, power: POWERS[(i + point) % POWERS.length]! };
    const { violation, verdict } = crashAt(OPTIONS, cut);
    expect({ ...cut, verdict, violation }).toEqual({ ...cut, verdict: "pass", violation: null });
  }
}

test(
  "crash points: wherever the power is cut, nothing acknowledged is lost (a slice: one of each kind)",
  () => {
    const { points } = listPoints(OPTIONS);
    const byKind = Map.groupBy(points.entries(), ([, { kind }]) => kind);
    const middles = [...byKind.values()].map((all) => all[Math.floor(all.length / 2)]![0] + 1);
    expect(middles.length).toBeGreaterThanOrEqual(KINDS.length);
    expectNoLoss(middles);
  },
  WITHIN_MS,
);

test(
  "crash points: what a leader answered before it died in the same turn was committed",
  () => {
    const { points } = listPoints(OPTIONS);
    const answers = points.flatMap(({ boundary: { effect, side } }, i) =>
      effect === "answer" && side === "after" ? [i + 1] : [],
    );
    expectNoLoss(answers.filter((_, i) => i % ANSWERS_STEP === 0));
  },
  WITHIN_MS,
);

test(
  "crash points: the same cut twice is the same run, to the last event",
  () => {
    for (const power of POWERS) {
      const cut: Cut = { point: 200, keeps: "torn", power };
      expect(crashAt(OPTIONS, cut)).toEqual(crashAt(OPTIONS, cut));
    }
  },
  WITHIN_MS,
);
