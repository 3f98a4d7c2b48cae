import type { Fault, FaultKind, NodeSpec } from "../fault/vocabulary.ts";
import { FSYNC_OF_MEMORY } from "../lib/fsync.ts";
import type { Problem } from "../lib/user-error.ts";
import type { LoadShape } from "../workload/spec.ts";
import { faultsOfStages, stageProblems, waitsForSomething } from "./sequence.ts";
import { sloProblems } from "./slo.ts";
import {
  type Aim,
  EXPECTATIONS,
  faultsOf,
  isDiskFault,
  liftsOf,
  type Scenario,
  type Step,
} from "./scenario.ts";
import { linkFaultProblems } from "./validate-links.ts";
import { shardProblems } from "./validate-shards.ts";
import { nodeFaultProblems, wipeProblems } from "./validate-nodes.ts";

const NODES_MAX = 9;
const PERIOD_MIN_MS = 50;
/** A node that its disk has stopped hears of no lift until the stall is over. */
const STALL_MS_MAX = 10_000;

/** All that is wrong with a scenario; empty when it can run. */
export function scenarioProblems(scenario: Scenario): Problem[] {
  const nodes = scenario.cluster.nodes + (scenario.cluster.spares ?? 0);
  const faults = scenario.faults.flatMap(faultsOf);
  return [
    ...headProblems(scenario),
    ...clusterProblems(scenario, faults),
    ...shardProblems(scenario, faults),
    ...loadProblems(scenario.workload),
    ...stepListProblems(scenario.faults, "faults", scenario.durationMs, nodes),
    ...nestedProblems(scenario.faults),
    ...sloProblems(scenario.slo ?? {}),
    ...scenario.aim.flatMap((aim, i) => aimProblems(aim, `aim[${i}]`, faults)),
  ];
}

function headProblems(scenario: Scenario): Problem[] {
  const found: Problem[] = [];
  const { name, about, durationMs, recoverWithinMs, expect, aim } = scenario;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    found.push({
      where: "name",
      what: `"${name}" is not kebab-case`,
      fix: `write it like "paused-leader"`,
    });
  }
  if (about.trim() === "") {
    found.push({ where: "about", what: "is empty", fix: "say what could break here, and why" });
  }
  if (!(Number.isSafeInteger(durationMs) && durationMs >= 1000)) {
    const fix = "write at least 1000, in milliseconds: seconds(10)";
    found.push({ where: "durationMs", what: `is ${durationMs}`, fix });
  }
  if (!(recoverWithinMs > 0)) {
    const fix = "give the cluster some time, such as seconds(5)";
    found.push({ where: "recoverWithinMs", what: `is ${recoverWithinMs}`, fix });
  }
  const { readyWithinMs } = scenario;
  if (readyWithinMs !== undefined && !(readyWithinMs > 0)) {
    const fix = "give a node some time to start, such as seconds(1)";
    found.push({ where: "readyWithinMs", what: `is ${readyWithinMs}`, fix });
  }
  const unknown = expect.filter((name) => !EXPECTATIONS.includes(name));
  if (expect.length === 0 || unknown.length > 0) {
    const what = expect.length === 0 ? "is empty" : `names "${unknown.join('", "')}"`;
    found.push({ where: "expect", what, fix: `use some of: ${EXPECTATIONS.join(", ")}` });
  }
  if (aim.length === 0) {
    const fix = "declare what must have happened, such as leaderDeposed()";
    found.push({ where: "aim", what: "is empty: a run in which nothing happened would pass", fix });
  }
  return found;
}

function clusterProblems({ cluster }: Scenario, faults: readonly Fault[]): Problem[] {
  const found: Problem[] = [];
  const { nodes, storage } = cluster;
  if (!(Number.isInteger(nodes) && nodes >= 1 && nodes <= NODES_MAX)) {
    const fix = `use 1 to ${NODES_MAX}, best an odd number`;
    found.push({ where: "cluster.nodes", what: `is ${nodes}`, fix });
  }
  const { spares = 0 } = cluster;
  if (!(Number.isInteger(spares) && spares >= 0 && nodes + spares <= NODES_MAX)) {
    const fix = `use at most ${NODES_MAX} nodes and spares together`;
    found.push({ where: "cluster.spares", what: `is ${spares}`, fix });
  }
  if (storage === "memory" && faults.some(({ kind }) => kind === "crash" || kind === "stop")) {
    found.push({
      where: "cluster.storage",
      what: `"memory" with a crash fault: a crashed node forgets its vote and its acknowledged log`,
      fix: `use storage: "disk", or pause() instead of crash()`,
    });
  }
  if (storage === "memory" && cluster.fsync !== undefined) {
    found.push({ where: "cluster.fsync", ...FSYNC_OF_MEMORY });
  }
  const diskFault = faults.find((fault) => isDiskFault(fault.kind));
  if (storage === "memory" && diskFault !== undefined) {
    const what = `"memory" with a "${diskFault.kind}" fault: there is no disk to fail`;
    found.push({ where: "cluster.storage", what, fix: `use storage: "disk"` });
  }
  const isDown = ({ kind }: Fault): boolean => kind === "crash" || kind === "powerLoss";
  if (faults.some(({ kind }) => kind === "bitFlip") && !faults.some(isDown)) {
    const what = `"bitFlip" without a crash: it changes the files of nodes that are down`;
    found.push({ where: "faults", what, fix: "crash() the node before" });
  }
  return [...found, ...wipeProblems(cluster, faults)];
}

function loadProblems(load: LoadShape): Problem[] {
  const found: Problem[] = [];
  const atLeastOne = (name: "clients" | "connections" | "keys" | "timeoutMs"): void => {
    if (Number.isInteger(load[name]) && load[name] >= 1) return;
    found.push({
      where: `workload.${name}`,
      what: `is ${load[name]}`,
      fix: "use a whole number from 1",
    });
  };
  for (const name of ["clients", "connections", "keys", "timeoutMs"] as const) atLeastOne(name);
  if (load.rate !== null && !(load.rate > 0)) {
    const fix = "use operations a second above 0, or null for a closed loop";
    found.push({ where: "workload.rate", what: `is ${load.rate}`, fix });
  }
  const { homeShare = 0 } = load;
  if (!(homeShare >= 0 && homeShare <= 1)) {
    const fix = "use a share from 0 to 1";
    found.push({ where: "workload.homeShare", what: `is ${homeShare}`, fix });
  }
  if (load.connections > load.clients) {
    const what = `is ${load.connections}, but there are ${load.clients} clients to share them`;
    found.push({ where: "workload.connections", what, fix: `use at most ${load.clients}` });
  }
  const { get, put, cas, append, delete: del } = load.mix;
  const shares = [get, put, cas, append, del];
  const sum = shares.reduce((a, b) => a + b, 0);
  if (shares.some((share) => !(share >= 0)) || Math.abs(sum - 1) > 1e-9) {
    const what = `shares ${shares.join(", ")} add up to ${Number(sum.toFixed(6))}`;
    found.push({ where: "workload.mix", what, fix: "use shares from 0 that add up to 1" });
  }
  return found;
}

/** `endMs`: when the surrounding timeline (the scenario, or one round) ends. */
function stepListProblems(
  steps: readonly Step[],
  where: string,
  endMs: number,
  nodes: number,
): Problem[] {
  return [
    ...steps.flatMap((step, i) => stepProblems(step, `${where}[${i}]`, endMs, nodes)),
    ...overlapProblems(steps, where),
  ];
}

function stepProblems(step: Step, where: string, endMs: number, nodes: number): Problem[] {
  switch (step.kind) {
    case "at": {
      const here = `${where} (${step.fault.kind})`;
      return [...timeProblems(step.atMs, here, endMs), ...faultProblems(step.fault, here, nodes)];
    }
    case "during": {
      const here = `${where} (${step.fault.kind})`;
      const found = [...spanProblems(step, here, endMs), ...faultProblems(step.fault, here, nodes)];
      if (liftsOf(step.fault).length === 0) {
        const what = NO_WINDOW[step.fault.kind] ?? "ends other faults, it has no end of its own";
        found.push({ where: here, what: `"${step.fault.kind}" ${what}`, fix: "use at() for it" });
      }
      return found;
    }
    case "rolling": {
      const here = `${where} (rolling ${step.fault})`;
      const found = [...spanProblems(step, here, endMs)];
      if (!(step.share > 0 && step.share < 1)) {
        const fix = "use a share of the slot above 0 and below 1";
        found.push({ where: here, what: `share is ${step.share}`, fix });
      }
      return found;
    }
    case "sequence": {
      const here = `${where} (sequence)`;
      const faults = faultsOfStages(step.stages);
      return [
        ...timeProblems(step.atMs, here, endMs),
        ...stageProblems(step, here, endMs),
        ...faults.flatMap((fault) => faultProblems(fault, here, nodes)),
      ];
    }
    case "swizzleClog":
      return spanProblems(step, `${where} (swizzleClog)`, endMs);
    case "every":
    case "randomly": {
      const here = `${where} (${step.kind})`;
      const found = [...spanProblems(step, here, endMs)];
      if (!(step.everyMs >= PERIOD_MIN_MS)) {
        const what = `every ${step.everyMs} ms`;
        found.push({ where: here, what, fix: `use at least ${PERIOD_MIN_MS} ms` });
      }
      const lists = step.kind === "every" ? [step.steps] : step.choices;
      if (lists.flat().length === 0) {
        found.push({ where: here, what: "repeats nothing", fix: "give it steps" });
      }
      // A `randomly` round starts up to a quarter late, and must still end in its own time.
      const roundMs = step.kind === "every" ? step.everyMs : step.everyMs * 0.75;
      return [...found, ...lists.flatMap((list) => stepListProblems(list, here, roundMs, nodes))];
    }
  }
}

/** A round has no end that is known as long as something in it waits for a condition. */
function nestedProblems(steps: readonly Step[]): Problem[] {
  return steps.flatMap((step, i) => {
    const inner =
      step.kind === "every" ? step.steps : step.kind === "randomly" ? step.choices.flat() : [];
    const waits = inner.some((own) => own.kind === "sequence" && waitsForSomething(own.stages));
    const where = `faults[${i}] (${step.kind})`;
    const fix = "write the sequence on its own, beside it";
    return waits ? [{ where, what: "repeats a sequence that waits for a condition", fix }] : [];
  });
}

function timeProblems(atMs: number, where: string, endMs: number): Problem[] {
  if (atMs >= 0 && atMs < endMs) return [];
  const what = `fires at ${atMs} ms, but it must be from 0 to before ${endMs} ms, when all ends`;
  return [{ where, what, fix: `move it before ${endMs} ms, or make room after it` }];
}

function spanProblems(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  where: string,
  endMs: number,
): Problem[] {
  const found = timeProblems(fromMs, where, endMs);
  if (toMs <= fromMs || toMs > endMs) {
    const what = `lasts from ${fromMs} to ${toMs} ms, in a timeline of ${endMs} ms`;
    found.push({ where, what, fix: "let it end after it starts, and not after the end" });
  }
  return found;
}

/** Why some faults are in force for no window of time. */
const NO_WINDOW: Readonly<Record<string, string>> = {
  diskStall: "ends by itself",
  bitFlip: "has no end",
  membership: "has no end",
  reset: "is over at once",
  clockJump: "is over at once",
  transfer: "is over at once",
  snapshot: "is over at once",
  wipe: "has no end",
};

/** The end of one window would lift the other (liftsOf), which the author did not mean. */
function overlapProblems(steps: readonly Step[], where: string): Problem[] {
  const windows = steps.flatMap((step, i) =>
    step.kind === "during"
      ? [{ ...step, i, lifts: liftsOf(step.fault).map(({ kind }) => kind) }]
      : [],
  );
  return windows.flatMap((a, n) =>
    windows
      .slice(n + 1)
      .filter((b) => a.fromMs < b.toMs && b.fromMs < a.toMs)
      .flatMap((b) => {
        const lift = a.lifts.find((kind) => b.lifts.includes(kind));
        if (lift === undefined) return [];
        return {
          where: `${where}[${b.i}] (${b.fault.kind})`,
          what: `overlaps ${where}[${a.i}], and the first to end lifts both by "${lift}"`,
          fix: "keep them apart, or write both with at() and one lift",
        };
      }),
  );
}

function faultProblems(fault: Fault, where: string, nodes: number): Problem[] {
  const spec = targetOf(fault);
  const found = spec === null ? [] : nodeProblems(spec, where, nodes);
  found.push(...linkFaultProblems(fault, where), ...nodeFaultProblems(fault, where));
  if ("ratio" in fault && !(fault.ratio > 0 && fault.ratio <= 1)) {
    const what = `ratio is ${fault.ratio}, but a ratio is above 0 and at most 1`;
    found.push({ where, what, fix: `write ${fault.ratio / 100} for ${fault.ratio} percent` });
  }
  const times =
    fault.kind === "delay"
      ? { ms: fault.ms, jitterMs: fault.jitterMs }
      : fault.kind === "reorder"
        ? { withinMs: fault.withinMs }
        : {};
  if (fault.kind === "diskStall" && !(fault.ms > 0 && fault.ms <= STALL_MS_MAX)) {
    found.push({ where, what: `ms is ${fault.ms}`, fix: `use 1 to ${STALL_MS_MAX} ms` });
  }
  if (fault.kind === "bitFlip" && !(Number.isInteger(fault.bits) && fault.bits >= 1)) {
    found.push({ where, what: `bits is ${fault.bits}`, fix: "use a whole number from 1" });
  }
  for (const [name, value] of Object.entries(times)) {
    if (value >= 0 && value <= 60_000) continue;
    found.push({ where, what: `${name} is ${value}`, fix: "use 0 to 60000 ms" });
  }
  if (fault.kind === "membership") {
    const ids = fault.voters;
    const sound = ids.every((id, i) => id >= 1 && id <= nodes && ids.indexOf(id) === i);
    if (ids.length === 0 || !sound) {
      const what = `makes nodes ${ids.join(", ")} voters, but there are nodes 1 to ${nodes}`;
      found.push({ where, what, fix: "name nodes that exist, each once, or raise cluster.spares" });
    }
  }
  if (fault.kind === "partition" && nodes < 3) {
    const what = `cuts a cluster of ${nodes} apart, which leaves no majority and no minority`;
    found.push({ where, what, fix: "use 3 nodes or more, or isolate()" });
  }
  return found;
}

function targetOf(fault: Fault): NodeSpec | null {
  if ("nodes" in fault) return fault.nodes;
  if ("from" in fault) return fault.from;
  return "to" in fault ? fault.to : null;
}

function nodeProblems(spec: NodeSpec, where: string, nodes: number): Problem[] {
  if (spec.kind === "node" && !(spec.id >= 1 && spec.id <= nodes)) {
    const what = `names node ${spec.id}, but the cluster has nodes 1 to ${nodes}`;
    return [{ where, what, fix: "name a node that exists, or raise cluster.nodes" }];
  }
  if (spec.kind === "random" && spec.size === "minority" && nodes < 3) {
    const what = `a minority of ${nodes} nodes is nobody`;
    return [{ where, what, fix: "use 3 nodes or more" }];
  }
  return [];
}

/** What alone can bring some aims about. */
const FAULT_OF_AIM: Readonly<Record<string, FaultKind>> = {
  tornTail: "powerLoss",
  refused: "bitFlip",
  configChanged: "reshard",
  shardsMoved: "reshard",
};

function aimProblems(aim: Aim, where: string, faults: readonly Fault[]): Problem[] {
  const found: Problem[] = [];
  const amount = aim.kind === "slowedTo" ? aim.atLeastMs : aim.atLeast;
  const here = `${where} (${aim.kind})`;
  if (!(amount > 0)) {
    found.push({ where: here, what: `at least ${amount} is always true`, fix: "use 1 or more" });
  }
  const needed = FAULT_OF_AIM[aim.kind] ?? ("fault" in aim ? aim.fault : null);
  if (needed !== null && !faults.some((fault) => fault.kind === needed)) {
    const what = `waits for a "${needed}" fault, but the scenario has none`;
    found.push({ where: here, what, fix: "add the fault, or aim at one it has" });
  }
  return found;
}
