import { AssertionError } from "../../lib/assert.ts";
import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import { RAFT_DEFAULTS } from "../../raft/api.ts";
import { WireError } from "../../wire/bytes.ts";
import type { Invariant, SimConfig } from "../api.ts";
import { InvariantError } from "../violation.ts";
import { agree, members } from "./checks.ts";
import { LabFailure } from "./failure.ts";
import { Lab } from "./lab.ts";
import { fullName, type LabScenario } from "./scenario.ts";
import { until } from "./script.ts";

/** Every lab test ends within so much (virtual) time. */
const DURATION_MS_MAX = 120_000;
const SETTLED_WITHIN_MS = 10_000;
/** Several times what the busiest scenario takes: more is a storm of messages, which is a bug. */
const EVENTS_MAX = 500_000;
/** The labs allow about 10 heartbeats a second to each follower. */
const HEARTBEAT_MS = 100;

export type LabResult = {
  /** As it is asked for. */
  readonly name: string;
  readonly seed: number;
  readonly verdict: "pass" | "fail" | "unknown";
  /** What failed: an invariant, or what the lab asserts; null unless `fail`. */
  readonly detector: Invariant | "LAB" | null;
  readonly message: string;
  /** What led to it. */
  readonly evidence: readonly string[];
  readonly virtualMs: number;
  readonly servers: number;
  /** Requests, each with its reply; bytes of both, as frames. */
  readonly rpcs: number;
  readonly rpcsOf: readonly number[];
  readonly bytes: number;
  /** Different commands that were applied. */
  readonly commits: number;
  readonly events: number;
  /** Equal for equal runs. */
  readonly traceHash: string;
};

/** Of every scenario, but for what it says of its own. */
export const LAB_CONFIG: SimConfig = {
  ...RAFT_DEFAULTS,
  electionTimeoutMinMs: 300,
  heartbeatIntervalMs: HEARTBEAT_MS,
  trailingBytes: 0,
  leaseReads: false,
  snapshotEveryBytes: 0,
  link: CLEAR_LINK,
  disk: { latencyMs: 0.1, jitterMs: 1 },
  segments: { first: 4 << 10, max: 64 << 10 },
  syncNowBytesMax: 0,
  turnMs: 0,
  clocks: [],
  clients: 0,
  timeoutMs: 10_000,
  attemptTimeoutMs: 300,
  homeShare: 0,
};

/** Runs a scenario to its end or to the first thing that is wrong. Deterministic. */
export function runLab(scenario: LabScenario, seed: number): LabResult {
  const { servers, voters = servers, config } = scenario;
  const lab = new Lab(seed, servers, voters, { ...LAB_CONFIG, ...config });
  const outcome = play(lab, scenario);
  const { counters } = lab.network;
  return {
    name: fullName(scenario),
    seed,
    ...outcome,
    virtualMs: lab.world.now,
    servers,
    rpcs: counters.rpcs,
    rpcsOf: counters.rpcsOf.slice(1),
    bytes: counters.bytes,
    commits: lab.applied.count,
    events: lab.world.events,
    traceHash: lab.world.trace.digest(),
  };
}

type Outcome = Pick<LabResult, "verdict" | "detector" | "message" | "evidence">;

function play(lab: Lab, scenario: LabScenario): Outcome {
  try {
    lab.setWeather(scenario.weather ?? {});
    const main = lab.spawn(scenario.script(lab));
    runUntil(lab, () => main.done);
    settle(lab);
    checkHeartbeats(lab);
    const verdict = lab.unknown === null ? "pass" : "unknown";
    return { verdict, detector: null, message: lab.unknown ?? "", evidence: [] };
  } catch (error) {
    return failureOf(error, lab);
  }
}

function runUntil(lab: Lab, isDone: () => boolean): void {
  const { world } = lab;
  while (!isDone()) {
    lab.expect(world.step(), "nothing happens any more");
    lab.expect(world.now <= DURATION_MS_MAX, `no end within ${DURATION_MS_MAX} virtual ms`);
    lab.expect(world.events <= EVENTS_MAX, `no end after ${EVENTS_MAX} events`);
  }
}

/**
 * What no lab asks at its end: when all is well again, all servers apply one more command, and end
 * up in the same state (CONV).
 */
function settle(lab: Lab): void {
  lab.heal();
  const last = lab.spawn(agree(lab, lab.fresh(), members(lab).length));
  runUntil(lab, () => last.done);
  const isSettled = (): boolean =>
    new Set(members(lab).map((id) => lab.node(id).digest())).size === 1;
  const settled = lab.spawn(until(lab.world, SETTLED_WITHIN_MS, isSettled));
  runUntil(lab, () => settled.done);
  lab.expect(settled.value === true, "servers that applied the same log have different states");
}

/** To no follower more than about 10 a second, and one at each election. */
function checkHeartbeats(lab: Lab): void {
  const fastest = 1 + lab.config.clockDriftMax / 2;
  const most =
    (lab.world.now * fastest) / lab.config.heartbeatIntervalMs + lab.monitor.elections + 1;
  for (const [link, count] of lab.network.counters.heartbeats) {
    const [from, to] = [link >> 8, link & 255];
    const what = `${count} heartbeats from server ${from} to ${to} in ${lab.world.now} ms`;
    lab.expect(count <= most, what);
  }
}

function failureOf(error: unknown, lab: Lab): Outcome {
  if (error instanceof InvariantError) {
    const { invariant, message, evidence } = error;
    const lines = [...evidence, ...lab.notes()];
    return { verdict: "fail", detector: invariant, message, evidence: lines };
  }
  if (error instanceof LabFailure) {
    return { verdict: "fail", detector: "LAB", message: error.message, evidence: lab.notes() };
  }
  const isCore = error instanceof AssertionError;
  if (!isCore && !(error instanceof WireError)) throw error;
  const stack = (error.stack ?? "").split("\n").slice(0, 6);
  const evidence = [...stack.map((line) => line.trim()), ...lab.notes()];
  return {
    verdict: "fail",
    detector: isCore ? "ASSERT" : "WIRE",
    message: error.message,
    evidence,
  };
}
