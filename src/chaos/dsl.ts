import type {
  Fault,
  FaultKind,
  MessageFault,
  MessageName,
  NodeSpec,
  PowerLossKeeps,
  ReshardFault,
} from "../fault/vocabulary.ts";
import { UserError } from "../lib/user-error.ts";
import type { LoadShape } from "../workload/spec.ts";
import type { Condition } from "./condition.ts";
import { type Aim, liftsOf, type Scenario, type Step } from "./scenario.ts";
import type { Stage } from "./sequence.ts";
import { scenarioProblems } from "./validate.ts";

export { parametrised } from "./parameters.ts";
export { mixedLoad, type Sharded, shardedStore } from "./set-ups.ts";
export type { Condition, Fault, LoadShape, NodeSpec, PowerLossKeeps, Scenario, Stage, Step };
export type {
  ClockFault,
  ConnectionFault,
  DiskFault,
  FaultKind,
  MessageFault,
  MessageName,
  ReshardFault,
} from "../fault/vocabulary.ts";
export type { LabAssertion } from "./lab-checks.ts";
export type { Parameter, Parametrised, Values } from "./parameters.ts";
export type { Aim, Expectation } from "./scenario.ts";
export type { Slo } from "./slo.ts";

// The words a scenario module is written in: functions that return plain data. What each word means
// stands in scenario.ts; `chaos/` has the scenarios.

/** Checks a scenario when its module is loaded. Throws UserError listing every problem. */
export function defineScenario(scenario: Scenario): Scenario {
  const problems = scenarioProblems(scenario);
  if (problems.length > 0) {
    throw new UserError(`scenario "${scenario.name}" is not valid`, problems);
  }
  return scenario;
}

export const seconds = (n: number): number => n * 1000;

export const at = (atMs: number, fault: Fault): Step => ({ kind: "at", atMs, fault });
/** The fault from `fromMs` until `toMs`. */
export const during = (fromMs: number, toMs: number, fault: Fault): Step => ({
  kind: "during",
  fromMs,
  toMs,
  fault,
});

/** Each node in turn, down for a share of its slot of the span. */
export const rolling = (
  fromMs: number,
  toMs: number,
  fault: "crash" | "stop" | "pause",
  share = 0.6,
): Step => ({
  kind: "rolling",
  fault,
  share,
  fromMs,
  toMs,
});

/** Clogs some nodes one by one, and unclogs them in another order; over at `toMs`. */
export const swizzleClog = (fromMs: number, toMs: number): Step => ({
  kind: "swizzleClog",
  fromMs,
  toMs,
});

export type Rounds = { readonly everyMs: number; readonly fromMs: number; readonly toMs: number };
/** The steps once a round, their times counted from its start. */
export const every = (rounds: Rounds, ...steps: readonly Step[]): Step => ({
  kind: "every",
  ...rounds,
  steps,
});
/** One of the choices a round, drawn by the seed; their times count from its start. */
export const randomly = (rounds: Rounds, ...choices: readonly (readonly Step[])[]): Step => ({
  kind: "randomly",
  ...rounds,
  choices,
});

/** One after the other: faults, `wait`, `hold` and `until`. */
export const sequence = (
  atMs: number,
  ...stages: readonly (Fault | Stage | readonly Stage[])[]
): Step => ({
  ...{ kind: "sequence", atMs },
  stages: stages.flatMap((stage): readonly Stage[] => {
    if (Array.isArray(stage)) return stage as readonly Stage[];
    const one = stage as Fault | Stage;
    return one.kind === "do" || one.kind === "wait" || one.kind === "until"
      ? [one]
      : [{ kind: "do", fault: one }];
  }),
});
export const wait = (ms: number): Stage => ({ kind: "wait", ms });
/** The fault for so long. */
export const hold = (ms: number, fault: Fault): readonly Stage[] => [
  { kind: "do", fault },
  wait(ms),
  ...liftsOf(fault).map((lift): Stage => ({ kind: "do", fault: lift })),
];
/** Goes on when the condition holds; a run in which it does not within `limitMs` is vacuous. */
export const until = (condition: Condition, limitMs: number): Stage => ({
  ...{ kind: "until", condition, limitMs },
});
export const commitIndexReaches = (index: number): Condition => ({ kind: "commitIndex", index });
export const leadersDeposed = (times = 1): Condition => ({ kind: "leaderDeposed", times });
export const leaderElected: Condition = { kind: "leaderElected" };
export const operationsAcknowledged = (operations: number): Condition => ({
  ...{ kind: "acknowledged", operations },
});
/** Every group has adopted the newest config, and no shard is on its way. */
export const shardsSettled: Condition = { kind: "shardsSettled" };
export const caughtUp: Condition = { kind: "caughtUp" };

export const leader: NodeSpec = { kind: "leader" };
/** Of a sharded cluster, where `leader` is that of the controller. */
export const leaderOf = (group: number): NodeSpec => ({ kind: "leaderOf", group });
/** The leader of one of the groups of shards, drawn at random. */
export const someGroupLeader: NodeSpec = { kind: "leaderOf", group: null };
export const followers: NodeSpec = { kind: "followers" };
export const all: NodeSpec = { kind: "all" };
export const one: NodeSpec = { kind: "random", size: "one" };
export const minority: NodeSpec = { kind: "random", size: "minority" };
export const majority: NodeSpec = { kind: "random", size: "majority" };
export const node = (id: number): NodeSpec => ({ kind: "node", id });

export const crash = (nodes: NodeSpec): Fault => ({ kind: "crash", nodes });
/** SIGTERM: as in an upgrade. */
export const stop = (nodes: NodeSpec): Fault => ({ kind: "stop", nodes });
export const restart = (nodes: NodeSpec): Fault => ({ kind: "restart", nodes });
export const pause = (nodes: NodeSpec): Fault => ({ kind: "pause", nodes });
export const resume = (nodes: NodeSpec): Fault => ({ kind: "resume", nodes });
export const isolate = (nodes: NodeSpec, direction: "both" | "in" | "out" = "both"): Fault => ({
  kind: "isolate",
  nodes,
  direction,
});
export const halves = (leaderIn: "minority" | "majority" | "any"): Fault => ({
  kind: "partition",
  shape: "halves",
  leaderIn,
});
export const bridge: Fault = { kind: "partition", shape: "bridge" };
export const majoritiesRing: Fault = { kind: "partition", shape: "majoritiesRing" };
/** Two sides, drawn at random. */
export const randomSplit: Fault = { kind: "partition", shape: "random" };
export const loss = (nodes: NodeSpec, ratio: number): Fault => ({ kind: "loss", nodes, ratio });
export const delay = (nodes: NodeSpec, ms: number, jitterMs = 0): Fault => ({
  kind: "delay",
  nodes,
  ms,
  jitterMs,
});
/** The share `ratio` of the frames, and those behind them, wait up to `ms` longer than the others. */
export const longTail = (nodes: NodeSpec, ratio: number, ms: number): Fault => ({
  ...{ kind: "delay", nodes, ms: 0, jitterMs: 1 },
  tail: { ratio, ms },
});
export const bandwidth = (nodes: NodeSpec, bytesPerSecond: number): Fault => ({
  kind: "bandwidth",
  nodes,
  bytesPerSecond,
});
/** Links that are both far and narrow, until `heal`; two steps: `...slowLinks(2_000, one, { … })`. */
export const slowLinks = (
  atMs: number,
  nodes: NodeSpec,
  { delayMs, bytesPerSecond }: { readonly delayMs: number; readonly bytesPerSecond: number },
): readonly Step[] => [
  at(atMs, delay(nodes, delayMs, delayMs / 4)),
  at(atMs, bandwidth(nodes, bytesPerSecond)),
];
/** Every connection on the nodes' links ends with a reset, once. */
export const reset = (nodes: NodeSpec): Fault => ({ kind: "reset", nodes });
/** Connections that are open go silent, and nobody is told; new ones work. */
export const halfOpen = (nodes: NodeSpec): Fault => ({ kind: "halfOpen", nodes });
export const clog = (nodes: NodeSpec): Fault => ({ kind: "clog", nodes });
export const unclog = (nodes: NodeSpec): Fault => ({ kind: "unclog", nodes });

/** Which of the messages: only the first so many on each link, only those of an older term. */
export type Which = { readonly first?: number; readonly term?: "any" | "older" };
const messageFault = (
  from: NodeSpec,
  message: MessageName,
  act: MessageFault["act"],
  { first, term = "any" }: Which,
): Fault => ({ kind: "message", from, message, term, first: first ?? null, act });
/** `dropMessages(leader, "installSnapshot", { first: 3 })`, on the links that begin there. */
export const dropMessages = (from: NodeSpec, message: MessageName, which: Which = {}): Fault =>
  messageFault(from, message, "drop", which);
export const duplicateMessages = (from: NodeSpec, message: MessageName, which: Which = {}): Fault =>
  messageFault(from, message, "duplicate", which);
/** Those behind them overtake. */
export const delayMessages = (
  from: NodeSpec,
  message: MessageName,
  delayMs: number,
  which: Which = {},
): Fault => messageFault(from, message, { delayMs }, which);
export const duplicate = (nodes: NodeSpec, ratio: number): Fault => ({
  kind: "duplicate",
  nodes,
  ratio,
});
export const reorder = (nodes: NodeSpec, ratio: number, withinMs: number): Fault => ({
  kind: "reorder",
  nodes,
  ratio,
  withinMs,
});
export const voters = (...ids: readonly number[]): Fault => ({ kind: "membership", voters: ids });
/** A change of the config of a sharded cluster: see ReshardFault. */
export const reshard = (change: ReshardFault["change"]): Fault => ({ kind: "reshard", change });
/** A crash that takes what was not synced with it, but for what `keeps` says. */
export const powerLoss = (nodes: NodeSpec, keeps: PowerLossKeeps = "nothing"): Fault => ({
  kind: "powerLoss",
  nodes,
  keeps,
});
export const diskStall = (nodes: NodeSpec, ms: number): Fault => ({ kind: "diskStall", nodes, ms });
export const diskError = (nodes: NodeSpec, operation: "write" | "sync"): Fault => ({
  kind: "diskError",
  nodes,
  operation,
});
export const diskFull = (nodes: NodeSpec): Fault => ({ kind: "diskFull", nodes });
/** Of the nodes that are down. */
export const bitFlip = (nodes: NodeSpec, bits: number): Fault => ({ kind: "bitFlip", nodes, bits });
/** The clocks of these show so much more from now on. */
export const clockJump = (nodes: NodeSpec, ms: number): Fault => ({ kind: "clockJump", nodes, ms });
export const clockRate = (nodes: NodeSpec, rate: number): Fault => ({
  kind: "clockRate",
  nodes,
  rate,
});
export const clockStrobe = (nodes: NodeSpec, everyMs: number): Fault => ({
  kind: "clockStrobe",
  nodes,
  everyMs,
});
export const transfer = (to: NodeSpec): Fault => ({ kind: "transfer", to });
export const snapshot = (nodes: NodeSpec): Fault => ({ kind: "snapshot", nodes });
/** Of the nodes that are down. */
export const wipe = (nodes: NodeSpec): Fault => ({ kind: "wipe", nodes });
export const heal: Fault = { kind: "heal" };

export const leaderDeposed = (atLeast = 1): Aim => ({ kind: "leaderDeposed", atLeast });
export const faultHit = (fault: FaultKind, atLeast = 1): Aim => ({
  kind: "faultHit",
  fault,
  atLeast,
});
export const okDuring = (fault: FaultKind, atLeast: number): Aim => ({
  kind: "okDuring",
  fault,
  atLeast,
});
export const completed = (atLeast: number): Aim => ({ kind: "completed", atLeast });
export const tornTail = (atLeast = 1): Aim => ({ kind: "tornTail", atLeast });
export const snapshotInstalled = (atLeast = 1): Aim => ({ kind: "snapshotInstalled", atLeast });
export const readsByLease = (atLeast: number): Aim => ({ kind: "readsByLease", atLeast });
export const refused = (atLeast = 1): Aim => ({ kind: "refused", atLeast });
export const configChanged = (atLeast = 1): Aim => ({ kind: "configChanged", atLeast });
export const shardsMoved = (atLeast = 1): Aim => ({ kind: "shardsMoved", atLeast });
export const slowedTo = (fault: FaultKind, atLeastMs: number): Aim => ({
  kind: "slowedTo",
  fault,
  atLeastMs,
});
