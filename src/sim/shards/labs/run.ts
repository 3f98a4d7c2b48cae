import { CLEAR_LINK } from "../../../fault/vocabulary.ts";
import { checkClients } from "../../check-clients.ts";
import { LabFailure } from "../../labs/failure.ts";
import { LAB_CONFIG, type LabResult } from "../../labs/run.ts";
import { violationOf } from "../../violation.ts";
import { settle } from "../settle.ts";
import { CLERK_TIMEOUT_MS, ShardLab } from "./lab.ts";
import type { ShardLabScenario } from "./scenario.ts";

/** Twice what the labs allow, for clerks that wait longest over unreliable networks. Virtual. */
const DURATION_MS_MAX = 240_000;
/** Several times what the busiest scenario takes: more is a storm of messages, which is a bug. */
const EVENTS_MAX = 3_000_000;
const SHARDS = 12;
const REPLICAS = 3;
const UNRELIABLE_LOSS = 0.1;
/** As labrpc: each frame is up to 26 ms late, and one in ten is lost. */
const UNRELIABLE = { ...CLEAR_LINK, delayMs: 0.1, jitterMs: 26, loss: UNRELIABLE_LOSS };
const RELIABLE = { ...CLEAR_LINK, delayMs: 0.2, jitterMs: 0.3 };

/** Runs a scenario to its end or to the first thing that is wrong. Deterministic. */
export function runShardLab(scenario: ShardLabScenario, seed: number): LabResult {
  const { groups, shards = SHARDS, clerks = 1, unreliable = false, config } = scenario;
  const nodes = REPLICAS * (groups + 1);
  const link = unreliable ? UNRELIABLE : RELIABLE;
  const lab = new ShardLab({
    ...{ seed, nodes, groups, shards, replicas: REPLICAS, apart: true },
    config: { ...LAB_CONFIG, clients: clerks, link, timeoutMs: CLERK_TIMEOUT_MS, ...config },
  });
  const outcome = play(lab, scenario);
  const { world, network, watch } = lab.cluster;
  return {
    name: `${scenario.lab}/${scenario.name}`,
    seed,
    ...outcome,
    virtualMs: world.now,
    servers: nodes,
    rpcs: Math.round(network.frames / 2),
    rpcsOf: [],
    bytes: network.bytes,
    commits: watch.commits,
    events: world.events,
    traceHash: world.trace.digest(),
  };
}

type Outcome = Pick<LabResult, "verdict" | "detector" | "message" | "evidence">;

function play(lab: ShardLab, scenario: ShardLabScenario): Outcome {
  const { cluster, world } = lab;
  try {
    const main = lab.spawn(scenario.script(lab));
    while (!main.done) {
      lab.expect(world.step(), "nothing happens any more");
      lab.expect(world.now <= DURATION_MS_MAX, `no end within ${DURATION_MS_MAX} virtual ms`);
      lab.expect(world.events <= EVENTS_MAX, `no end after ${EVENTS_MAX} events`);
    }
    cluster.heal();
    settle(cluster, [...lab.keys]);
    const verdict = checkClients(cluster.clients);
    const message = verdict === "pass" ? "" : "the checker reached its limits";
    return { verdict, detector: null, message, evidence: [] };
  } catch (error) {
    if (error instanceof LabFailure) {
      const { message } = error;
      return { verdict: "fail", detector: "LAB", message, evidence: cluster.notes() };
    }
    const { invariant, message, evidence } = violationOf(error, cluster.world, cluster.notes());
    return { verdict: "fail", detector: invariant, message, evidence };
  }
}
