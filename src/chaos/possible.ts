import type { FaultKind } from "../fault/vocabulary.ts";
import type { Capability, Target } from "../target/target.ts";
import { type Aim, faultsOf, type Scenario } from "./scenario.ts";
import { waitsForSomething } from "./sequence.ts";

/** What each fault needs of a target; a kind that is not named needs nothing. */
const NEEDS: Readonly<Partial<Record<FaultKind, Capability>>> = {
  ...{ crash: "crash", stop: "orders", restart: "crash", pause: "pause", resume: "pause" },
  ...{ isolate: "partition", partition: "partition" },
  ...{ delay: "delay", loss: "loss", duplicate: "loss", reorder: "loss", message: "loss" },
  ...{ bandwidth: "connection", reset: "connection", halfOpen: "connection" },
  ...{ clog: "connection", unclog: "connection" },
  ...{ clockJump: "clock", clockRate: "clock", clockStrobe: "clock" },
  ...{ powerLoss: "disk", diskStall: "disk", diskError: "disk", diskFull: "disk", bitFlip: "disk" },
  reshard: "sharded",
  ...{ membership: "membership", transfer: "orders", snapshot: "orders", wipe: "orders" },
};

/** Why a target cannot play a scenario: `cannot do "disk": etcd: …`, a line each; none: it can. */
export function whyImpossible(target: Target, scenario: Scenario): readonly string[] {
  const { cas, append, delete: del } = scenario.workload.mix;
  const needed = new Set<Capability>(
    scenario.faults.flatMap(faultsOf).flatMap(({ kind }) => NEEDS[kind] ?? []),
  );
  if (scenario.aim.some(needsFailover)) needed.add("failover");
  if (cas > 0) needed.add("versioned-put");
  if (append > 0) needed.add("append");
  if (del > 0) needed.add("delete");
  const { storage, fsync, leaseReads } = scenario.cluster;
  if (leaseReads === true) needed.add("orders");
  if (storage === "memory" || fsync === "never") needed.add("memory");
  if ((scenario.cluster.spares ?? 0) > 0) needed.add("membership");
  if (scenario.cluster.sharded !== undefined) needed.add("sharded");
  const waits = scenario.faults.some(
    (step) => step.kind === "sequence" && waitsForSomething(step.stages),
  );
  const unwatched = waits && target.unwatched !== undefined ? [target.unwatched] : [];
  const lacks = [...needed].flatMap((capability) => {
    const can = target.can[capability];
    return can === true ? [] : [`${target.name} cannot do "${capability}": ${can}`];
  });
  // Its node would have to be replaced by an empty one under another id, as real clusters do.
  const wipes = scenario.faults.flatMap(faultsOf).some(({ kind }) => kind === "wipe");
  const unreplaced =
    wipes && target.name === "sim" ? ["sim replaces no node that has lost its data"] : [];
  return [...unwatched, ...unreplaced, ...lacks];
}

/** Can it be reached only if another node takes over from one that is down? */
const needsFailover = (aim: Aim): boolean =>
  aim.kind === "leaderDeposed" ||
  (aim.kind === "okDuring" && (aim.fault === "crash" || aim.fault === "pause"));

/** The scenario as near as the target comes to it: fewer nodes, and puts where it has no append. */
export function adaptedTo(target: Target, scenario: Scenario): Scenario {
  const { cluster, workload } = scenario;
  const { mix } = workload;
  const nodes = Math.min(cluster.nodes, target.nodesMax ?? cluster.nodes);
  const puts = { ...mix, append: 0, put: mix.put + mix.append };
  return {
    ...scenario,
    cluster: { ...cluster, nodes },
    workload: { ...workload, mix: target.can.append === true ? mix : puts },
  };
}
