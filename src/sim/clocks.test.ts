import { expect, test } from "bun:test";
import type { Fault } from "../fault/vocabulary.ts";
import type { SimAction, SimResult } from "./api.ts";
import { runSchedule } from "./run.ts";
import { drawSchedule } from "./swarm.ts";

const leader = { kind: "leader" } as const;
const followers = { kind: "followers" } as const;
const all = { kind: "all" } as const;
const ROUNDS = 5;
const ROUND_MS = 1_500;

/**
 * Five nodes with reads by lease, or not; each round the clocks go wrong, the leader is cut off, with
 * those clients that ask their own node first, and all is healed.
 */
function run(seed: number, leaseReads: boolean, wrongs: readonly Fault[]): SimResult {
  const drawn = drawSchedule(seed, {
    nodes: { min: 5, max: 5 },
    durationMs: ROUNDS * ROUND_MS,
    config: {
      leaseReads,
      ...{ electionTimeoutMinMs: 150, heartbeatIntervalMs: 40, clients: 10, homeShare: 1 },
      clocks: Array.from({ length: 8 }, () => ({ rate: 1, offsetMs: 0 })),
    },
  });
  const cut: Fault = { kind: "partition", shape: "halves", leaderIn: "minority" };
  const actions = Array.from({ length: ROUNDS }, (_, round): SimAction[] => {
    const atMs = round * ROUND_MS + 400;
    return [
      ...wrongs.map((fault) => ({ atMs, kind: "fault", fault }) as const),
      { atMs: atMs + 200, kind: "fault", fault: cut },
      { atMs: atMs + 1_000, kind: "fault", fault: { kind: "heal" } },
    ];
  }).flat();
  return runSchedule({ ...drawn, spares: 0, actions });
}

test("clocks in the simulator: within the drift that leases allow for, no read by lease is stale", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { violation, stats } = run(seed, true, [
      { kind: "clockRate", nodes: leader, rate: 0.98 },
      { kind: "clockRate", nodes: followers, rate: 1.02 },
      { kind: "clockJump", nodes: leader, ms: 1_000 },
    ]);
    expect(violation, `seed ${seed}`).toBeNull();
    expect(stats.elections, `seed ${seed}`).toBeGreaterThan(2);
  }
});

test("clocks in the simulator: a leader whose clock goes at a third serves stale reads by lease, and is found", () => {
  const found = new Set<string>();
  for (let seed = 1; seed <= 15; seed++) {
    const { violation } = run(seed, true, [{ kind: "clockRate", nodes: leader, rate: 1 / 3 }]);
    if (violation !== null) found.add(violation.invariant);
  }
  expect([...found]).toEqual(["RI"]);
});

test("clocks in the simulator: reads by rounds need no clock, whatever it does", () => {
  const wrongs: readonly Fault[] = [
    { kind: "clockRate", nodes: leader, rate: 1 / 3 },
    { kind: "clockRate", nodes: followers, rate: 3 },
    { kind: "clockJump", nodes: { kind: "random", size: "majority" }, ms: 10_000 },
    { kind: "clockStrobe", nodes: all, everyMs: 400 },
  ];
  for (let seed = 1; seed <= 8; seed++) {
    expect(run(seed, false, wrongs).violation, `seed ${seed}`).toBeNull();
  }
});
