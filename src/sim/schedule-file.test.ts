import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import type { SimAction, SimSchedule } from "./api.ts";
import { parseScheduleFile, scheduleText } from "./schedule-file.ts";
import { drawSchedule } from "./swarm.ts";

const text = (change: (schedule: SimSchedule) => object = (s) => s): string => {
  const file = JSON.parse(scheduleText(drawSchedule(3), null, "for a test")) as {
    schedule: SimSchedule;
  };
  return JSON.stringify({ ...file, schedule: change(file.schedule) });
};

const problemOf = (file: string): string => {
  try {
    parseScheduleFile(file, "a.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  return "";
};

test("schedule file: every drawn schedule comes back as it was", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const schedule = drawSchedule(seed, { durationMs: 5_000 });
    const file = parseScheduleFile(scheduleText(schedule, null, "why"), "a.json");
    expect(file, `seed ${seed}`).toEqual({ reason: "why", violation: null, schedule });
  }
});

test("schedule file: what swarms do not draw is understood too", () => {
  const all = { kind: "all" } as const;
  const actions: SimAction[] = [
    { atMs: 1, kind: "fault", fault: { kind: "wipe", nodes: { kind: "random", size: "one" } } },
    { atMs: 1, kind: "fault", fault: { kind: "clockJump", nodes: all, ms: 50 } },
    { atMs: 1, kind: "fault", fault: { kind: "clockRate", nodes: all, rate: 0.5 } },
    { atMs: 1, kind: "fault", fault: { kind: "clockStrobe", nodes: all, everyMs: 50 } },
    { atMs: 2, kind: "membership", voters: [1, 2], learners: [3] },
    { atMs: 2, kind: "fault", fault: { kind: "transfer", to: { kind: "node", id: 2 } } },
    { atMs: 3, kind: "fault", fault: { kind: "snapshot", nodes: { kind: "leader" } } },
    { atMs: 3, kind: "fault", fault: { kind: "partition", shape: "bridge" } },
    { atMs: 4, kind: "fault", fault: { kind: "membership", voters: [1] } },
    { atMs: 4, kind: "fault", fault: { kind: "crash", nodes: all } },
    { atMs: 4, kind: "fault", fault: { kind: "powerLoss", nodes: all, keeps: "torn" } },
    { atMs: 4, kind: "fault", fault: { kind: "diskStall", nodes: all, ms: 9 } },
    { atMs: 4, kind: "fault", fault: { kind: "diskError", nodes: all, operation: "write" } },
    { atMs: 4, kind: "fault", fault: { kind: "diskFull", nodes: all } },
    { atMs: 4, kind: "fault", fault: { kind: "bitFlip", nodes: all, bits: 3 } },
  ];
  const fates = [{ from: 1, to: 2, frame: 0, arrivesMs: [] }];
  const schedule = { ...drawSchedule(3), actions, fates };
  expect(parseScheduleFile(scheduleText(schedule, null, ""), "a.json").schedule).toEqual(schedule);
});

test("schedule file: version 1 is understood: crashes and disks that fail by their nearest words of now", () => {
  const nodes = { kind: "leader" } as const;
  const actions = [
    ...[0, 0.5, 1].map((keep) => ({ atMs: 1, kind: "crash", nodes, keep })),
    { atMs: 1, kind: "diskFail", nodes },
    { atMs: 1, kind: "transfer", to: nodes },
  ];
  const old = text(({ config: { segments: _, syncNowBytesMax: __, ...config }, ...schedule }) => ({
    ...schedule,
    ...{ version: 1, config, actions },
  }));
  const { schedule } = parseScheduleFile(old, "a.json");
  expect(schedule.version).toBe(3);
  expect(schedule.config.segments.first).toBeGreaterThan(512);
  expect(schedule.actions).toEqual([
    { atMs: 1, kind: "fault", fault: { kind: "powerLoss", nodes, keeps: "nothing" } },
    { atMs: 1, kind: "fault", fault: { kind: "powerLoss", nodes, keeps: "prefix" } },
    { atMs: 1, kind: "fault", fault: { kind: "crash", nodes } },
    { atMs: 1, kind: "fault", fault: { kind: "diskError", nodes, operation: "sync" } },
    { atMs: 1, kind: "fault", fault: { kind: "transfer", to: nodes } },
  ]);
});

test("schedule file: version 2 is understood: its actions on clocks, leaders and disks are faults now", () => {
  const nodes = { kind: "all" } as const;
  const speed = { latencyMs: 1, jitterMs: 0 };
  const actions = [
    { atMs: 1, kind: "clockRate", nodes, rate: 1.02 },
    { atMs: 2, kind: "clockJump", nodes, ms: 50 },
    { atMs: 3, kind: "transfer", to: nodes },
    { atMs: 4, kind: "snapshot", nodes },
    { atMs: 5, kind: "wipe", nodes },
    { atMs: 6, kind: "diskSpeed", nodes, speed },
  ];
  const old = text((schedule) => ({ ...schedule, version: 2, actions }));
  const { schedule } = parseScheduleFile(old, "a.json");
  expect(schedule.version).toBe(3);
  expect(schedule.actions).toEqual([
    { atMs: 1, kind: "fault", fault: { kind: "clockRate", nodes, rate: 1.02 } },
    { atMs: 2, kind: "fault", fault: { kind: "clockJump", nodes, ms: 50 } },
    { atMs: 3, kind: "fault", fault: { kind: "transfer", to: nodes } },
    { atMs: 4, kind: "fault", fault: { kind: "snapshot", nodes } },
    { atMs: 5, kind: "fault", fault: { kind: "wipe", nodes } },
    { atMs: 6, kind: "diskSpeed", nodes, speed },
  ]);
});

test("schedule file: a newer version is named, with the one that is known", () => {
  const problem = problemOf(text((schedule) => ({ ...schedule, version: 7 })));
  expect(problem).toContain("schedule.version: is 7, and this program knows schedules up to 3");
});

test("schedule file: every mistake is told with its place", () => {
  expect(problemOf("{")).toContain("JSON");
  expect(problemOf("null")).toContain("not a schedule");
  expect(problemOf(text(({ seed: _, ...rest }) => rest))).toContain("schedule.seed");
  expect(problemOf(text((s) => ({ ...s, extra: 1 })))).toContain("schedule.extra");
  const odd = { atMs: 0, kind: "explode", nodes: { kind: "all" } };
  expect(problemOf(text((s) => ({ ...s, actions: [odd] })))).toContain("schedule.actions.0.kind");
  const late = { atMs: 9e5, client: 0, op: "get", key: 0 };
  const early = { ...late, atMs: 0 };
  expect(problemOf(text((s) => ({ ...s, operations: [late, early] })))).toContain("sort them");
  const stranger = { ...early, client: 99 };
  const two = problemOf(text((s) => ({ ...s, spares: 15, operations: [stranger] })));
  expect(two).toContain("schedule.spares");
  expect(two).toContain("schedule.operations.0.client");
  const voters = [{ atMs: 0, kind: "membership", voters: [1, 14], learners: [] }];
  expect(problemOf(text((s) => ({ ...s, actions: voters })))).toContain("schedule.actions.0");
  const fates = [{ from: 1, to: 15, frame: 0, arrivesMs: [] }];
  expect(problemOf(text((s) => ({ ...s, fates })))).toContain("schedule.fates");
});
