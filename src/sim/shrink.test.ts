import { expect, test } from "bun:test";
import type { SimAction, SimResult, SimSchedule } from "./api.ts";
import { runSchedule } from "./run.ts";
import { settledFates } from "./shrink-messages.ts";
import { eventsOf, shrinkSchedule } from "./shrink.ts";
import { drawSchedule } from "./swarm.ts";

/** No limit but on the runs: the clock stands still. */
const limits = (runsMax: number) => ({ runsMax, now: () => 0, until: 1 });

const drawn = drawSchedule(5, { nodes: { min: 5, max: 5 }, durationMs: 4_000 });

/** Stands in for a bug that shows at `atMs` whenever `isBroken` says so of the schedule. */
const brokenWhen =
  (isBroken: (schedule: SimSchedule) => boolean, atMs = 1_000) =>
  (schedule: SimSchedule): SimResult => {
    const violation = { invariant: "QC", message: "", atMs, event: 1, evidence: [] } as const;
    const isSeen = isBroken(schedule);
    const stats = { ...NO_STATS, simulatedMs: atMs };
    return {
      verdict: isSeen ? "fail" : "pass",
      violation: isSeen ? violation : null,
      traceHash: "",
      stats,
    };
  };
const NO_STATS = runSchedule(drawSchedule(1, { durationMs: 1 })).stats;

const isCrash = (action: SimAction): boolean =>
  action.kind === "fault" && action.fault.kind === "powerLoss";

const busy: SimSchedule = {
  ...drawn,
  actions: Array.from({ length: 60 }, (_, i): SimAction => {
    const nodes = { kind: "node", id: 1 + (i % 5) } as const;
    const loss = { kind: "powerLoss", nodes, keeps: "nothing" } as const;
    const fault = i % 20 === 7 ? loss : ({ kind: "restart", nodes } as const);
    return { atMs: i * 50 + 0.25, kind: "fault", fault };
  }),
};

test("shrink: what is left is minimal, and only what the violation needs", () => {
  const run = brokenWhen(
    ({ actions, operations }) => actions.some(isCrash) && operations.some(({ op }) => op === "put"),
  );
  const { schedule, result, runs } = shrinkSchedule(busy, limits(2_000), run);
  expect(result.violation?.invariant).toBe("QC");
  expect(schedule.actions.map(isCrash)).toEqual([true]);
  expect(schedule.operations.map(({ op }) => op)).toEqual(["put"]);
  expect(schedule.nodes).toBe(3);
  expect(schedule.config.link).toMatchObject({ loss: 0, duplicate: 0, reorder: 0 });
  expect(schedule.durationMs).toBeLessThanOrEqual(1_001);
  expect([...schedule.actions, ...schedule.operations].every((e) => Number.isInteger(e.atMs))).toBe(
    true,
  );
  expect(runs).toBeLessThan(400);
});

test("shrink: another invariant is another violation, and is not taken", () => {
  const run = (schedule: SimSchedule): SimResult => {
    const result = brokenWhen(() => true)(schedule);
    if (schedule.actions.length >= 60) return result;
    return { ...result, violation: { ...result.violation!, invariant: "ES" } };
  };
  expect(shrinkSchedule(busy, limits(300), run).schedule.actions.length).toBe(60);
});

test("shrink: nodes that a change of membership names stay, and so do the fates of what they send", () => {
  const spare: SimSchedule = {
    ...{ ...busy, nodes: 4, spares: 4 },
    actions: [{ atMs: 1, kind: "membership", voters: [1, 2, 6], learners: [] }],
    fates: [{ from: 1, to: 6, frame: 0, arrivesMs: [] }],
  };
  const run = brokenWhen(({ actions, fates = [] }) => actions.length + fates.length === 2);
  const { schedule } = shrinkSchedule(spare, limits(500), run);
  expect(schedule.nodes + schedule.spares).toBe(7);
  const without = brokenWhen(({ nodes, spares }) => nodes + spares >= 3);
  expect(shrinkSchedule(spare, limits(500), without).schedule).toMatchObject({
    ...{ nodes: 3, spares: 0, actions: [], operations: [], fates: [] },
  });
});

test("shrink: it ends with its runs, with its time, and at once where nothing fails", () => {
  const run = brokenWhen(({ actions }) => actions.filter(isCrash).length === 3, 4_000);
  expect(shrinkSchedule(busy, limits(9), run).runs).toBe(9);
  let time = 0;
  const clock = { runsMax: 1_000, now: () => time++, until: 20 };
  expect(shrinkSchedule(busy, clock, run).runs).toBeLessThanOrEqual(20);
  const none = shrinkSchedule(
    busy,
    limits(100),
    brokenWhen(() => false),
  );
  expect(none).toMatchObject({ schedule: busy, runs: 0 });
});

test("shrink: the same schedule shrinks to the same one", () => {
  const run = brokenWhen(({ actions }) => actions.filter(isCrash).length >= 2, 3_000);
  const once = shrinkSchedule(busy, limits(500), run);
  expect(shrinkSchedule(busy, limits(500), run)).toEqual(once);
  expect(eventsOf(once.schedule)).toBe(2);
});

test("shrink: frames that were lost, doubled or overtaken by chance can be told one by one", () => {
  const link = { loss: 0.1, duplicate: 0.1, reorder: 0.1, reorderWithinMs: 20 };
  const chancy: SimSchedule = {
    ...{ ...drawn, actions: [], durationMs: 500 },
    config: { ...drawn.config, link: { ...drawn.config.link, delayMs: 1, jitterMs: 0, ...link } },
  };
  const settled = settledFates(chancy);
  expect(settled.config.link).toMatchObject({ loss: 0, duplicate: 0, reorder: 0 });
  const fates = settled.fates ?? [];
  const copies = new Set(fates.map(({ arrivesMs }) => arrivesMs.length));
  expect([...copies].sort()).toEqual([0, 1, 2]);
  // The fates are what happens: a frame that is to be lost is lost, whatever the link would do.
  const first = settled.fates!.find(({ arrivesMs }) => arrivesMs.length === 0)!;
  const lost: number[] = [];
  let sent = 0;
  runSchedule(settled, (_atMs, event) => {
    if (event.kind !== "send" && event.kind !== "lost") return;
    const { from, to } = event.message;
    if (from !== first.from || to !== first.to) return;
    if (event.kind === "send") sent++;
    else lost.push(sent - 1);
  });
  expect(lost).toContain(first.frame);
});
