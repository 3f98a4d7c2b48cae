import { expect, test } from "bun:test";
import type { History } from "../history/op.ts";
import type { Verdict } from "../report/schema.ts";
import { crash, defineScenario, during, faultHit, leader, mixedLoad } from "./dsl.ts";
import { judge, worst } from "./judge.ts";
import type { Recording } from "./run.ts";
import { scheduleOf } from "./schedule.ts";
import { get, historyOf, put } from "./testing/histories.ts";
import { tickAt } from "./testing/ticks.ts";

const LIMITS = { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 20 };
const NO_LATENCY = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

const scenario = defineScenario({
  ...{ name: "x", about: "x", durationMs: 1_000, recoverWithinMs: 10 },
  faults: [during(300, 600, crash(leader))],
  ...{ cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad() },
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 1)],
});

/** Leader 1 crashed at 300 ms, 2 took over, all was lifted at 1 s. */
const sound: Recording = {
  ...{ scenario, schedule: scheduleOf(scenario, 1, 1_000), loadStartedUs: 0 },
  recoveredUs: 1_000_000,
  ticks: [tickAt(100_000, 100, 1), tickAt(200_000, 100, 1), tickAt(300_000, 100, 1)],
  bands: [{ label: "crash leader", kind: "crash", nodes: [1], fromUs: 300_000, toUs: 600_000 }],
  events: [
    { atUs: 0, node: 1, kind: "becameLeader", term: 1 },
    { atUs: 400_000, node: 2, kind: "becameLeader", term: 2 },
  ],
  load: {
    ...{ startedAtUs: 0, measuredMs: 1_000, counts: { ok: 300, fail: 0, info: 0 } },
    ...{ throughput: 300, response: NO_LATENCY, service: NO_LATENCY, byOp: {}, curve: [] },
    ...{ lateness: NO_LATENCY, dropped: 0, cpu: 0, void: null },
  },
  ...{ errors: [], failures: [], starts: [] },
};
const soundHistory = historyOf([put(500, 1, 10), put(1_002, 2, 12), get(1_005, 2)]);

function verdicts(changes: Partial<Recording>, history: History = soundHistory): string[] {
  const { checks } = judge({ ...sound, ...changes }, history, LIMITS);
  return checks.filter((check) => check.verdict !== "pass").map(({ name }) => name);
}

test("judge: a process that outlives its run fails it, and is named", () => {
  expect(verdicts({ leftOver: [] })).toEqual([]);
  expect(verdicts({ leftOver: [{ pid: 7, what: "etcd" }] })).toEqual(["no-process-left"]);
});

test("judge: a sound run passes, with what it is sure of in words", () => {
  const { verdict, checks, failovers } = judge(sound, soundHistory, LIMITS);
  expect(verdict).toBe("pass");
  expect(checks.map(({ name, detail }) => `${name}: ${detail}`).join("\n")).toMatchInlineSnapshot(`
    "linearizable: 3 operations on 1 keys
    no-lost-acks: all 2 acknowledged writes are there
    one-leader-per-term: 2 elections
    recovered: first write acknowledged 3.00 ms after all faults were lifted, the limit is 10.0 ms
    nodes-stayed-up: no node ended of itself
    not-vacuous: 1,000/s before the first fault at 0.300 s; crash hit 1×"
  `);
  expect(failovers.map(({ electedMs, firstAckMs }) => [electedMs, firstAckMs])).toEqual([
    [100, 201],
  ]);
});

test("judge: each broken promise fails its own check", () => {
  const twice = { atUs: 500_000, node: 3, kind: "becameLeader", term: 2 } as const;
  expect(verdicts({ events: [...sound.events, twice] })).toEqual(["one-leader-per-term"]);
  expect(verdicts({ failures: ["node 2 ended with code 70: AssertionError"] })).toEqual([
    "nodes-stayed-up",
  ]);
  expect(verdicts({ recoveredUs: null })).toEqual(["recovered"]);
  expect(verdicts({ errors: ["restart all nodes: it did not listen"] })).toEqual(["recovered"]);
  expect(verdicts({ recoveredUs: 900_000 })).toEqual(["recovered"]); // 103 ms, the limit is 10.
});

test("judge: a run in which nothing happened is vacuous, and fails", () => {
  expect(verdicts({ bands: [] })).toEqual(["not-vacuous"]);
  expect(verdicts({ ticks: [] })).toEqual(["not-vacuous"]);
});

test("judge: a stale read is not linearizable, and the operations that prove it are shown", () => {
  const history = historyOf([put(1_002, 1, 10), put(1_004, 2, 12), get(1_006, 1), get(1_008, 2)]);
  const { verdict, checks } = judge(sound, history, LIMITS);
  expect(verdict).toBe("fail");
  const failed = checks.filter((check) => check.verdict === "fail");
  expect(failed.map(({ name }) => name)).toEqual(["linearizable"]);
  expect(failed[0]?.evidence.map(({ text }) => text)).toContain("get n0 → n0, version 1");
});

test("judge: a lost write is told apart from a key that could not be read", () => {
  const lost = historyOf([put(1_002, 1, 10), put(1_004, 2, 12), get(1_006, 1)]);
  expect(verdicts({}, lost)).toEqual(["linearizable", "no-lost-acks"]);
  const unread = judge(sound, historyOf([put(1_002, 1, 10)]), LIMITS);
  expect(unread.verdict).toBe("unknown");
});

test("judge: only what the scenario expects is checked", () => {
  const modest = { ...scenario, expect: ["one-leader-per-term"] as const };
  const lost = historyOf([put(1_002, 1, 10), put(1_004, 2, 12), get(1_006, 1)]);
  expect(verdicts({ scenario: modest }, lost)).toEqual([]);
});

test("worst: fail before unknown before pass", () => {
  const all: readonly Verdict[] = ["pass", "unknown", "fail"];
  expect(worst(all)).toBe("fail");
  expect(worst(all.slice(0, 2))).toBe("unknown");
  expect(worst([])).toBe("pass");
});

test("judge: tells how long restarted nodes took, and fails those that took too long", () => {
  const start = (node: number, ms: number) => ({
    ...{ node, atUs: 500_000, doneUs: 500_000 + ms * 1000, outcome: "ready" as const },
  });
  const starts = [{ ...start(1, 9_000), atUs: -1 }, start(1, 200), start(2, 300), start(3, 900)];
  const of = (readyWithinMs?: number) => {
    const limited = { ...scenario, ...(readyWithinMs !== undefined && { readyWithinMs }) };
    const { checks } = judge({ ...sound, starts, scenario: limited }, soundHistory, LIMITS);
    const { verdict, detail } = checks.find(({ name }) => name === "restarted")!;
    return `${verdict}: ${detail}`;
  };
  expect(of()).toBe("pass: 3×, ready after 300 ms (median), 900 ms (slowest)");
  expect(of(1_000)).toBe(
    "pass: 3×, ready after 300 ms (median), 900 ms (slowest), the limit is 1.00 s",
  );
  expect(of(500)).toStartWith("fail: ");
});
