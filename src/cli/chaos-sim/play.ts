import { join, relative } from "node:path";
import type { Play } from "../../chaos/run.ts";
import { readHistory } from "../../history/reader.ts";
import type { RaftStatus } from "../../raft/api.ts";
import type { Check } from "../../report/schema.ts";
import { count } from "../../report/format.ts";
import type { SimResult, SimSchedule } from "../../sim/api.ts";
import { localTarget } from "../../target/local.ts";
import type { NodeStatus, Target } from "../../target/target.ts";
import { runRecorded } from "../../sim/run.ts";
import { keepFailure } from "../sim/failing-run.ts";
import { compileScenario } from "./compile.ts";
import { figuresOf } from "./figures.ts";
import { SimWatch } from "./watch.ts";

/** Ordeal's own store in the simulator: it knows every fault, and has no processes to start. */
export const simTarget: Target = {
  name: "sim",
  version: localTarget.version,
  can: { ...localTarget.can, sharded: "it plays scenarios on one group only" },
  unwatched: "its schedule is fixed before it runs, so nothing can wait for a condition",
  start: () => Promise.reject(new Error("the simulator has no processes to start")),
};

/**
 * Plays a scenario in the simulator, in virtual time. Its recording is judged like that of real processes,
 * and by the monitor, which looks for broken invariants after each event. A schedule that breaks one is
 * shrunk and kept.
 */
export const playInSimulator: Play = async (_target, scenario, schedule, options, paths) => {
  const compiled = compileScenario(scenario, schedule, options.seed);
  const watch = new SimWatch();
  const { result, history, nodes } = runRecorded(compiled.schedule, (atMs, event) =>
    watch.see(atMs, event),
  );
  const bytes = history ?? new Uint8Array(0);
  await Bun.write(paths.history, bytes);
  const { ticks, result: load } = figuresOf(
    readHistory(bytes, paths.history),
    scenario.workload,
    compiled.schedule.durationMs,
  );
  const endUs = schedule.durationMs * 1000;
  return {
    ...{ scenario: compiled.scenario, schedule, ticks, load },
    ...{ loadStartedUs: 0, recoveredUs: endUs, failures: [], errors: [] },
    nodes: nodes.map(statusOf),
    frames: result.stats.frames,
    readsByLease: result.stats.readsByLease,
    bands: watch.bands(endUs),
    events: watch.events,
    starts: watch.starts,
    checks: [await invariants(result, compiled.schedule, compiled.notes, options.reportsDir)],
  };
};

async function invariants(
  result: SimResult,
  schedule: SimSchedule,
  notes: readonly string[],
  reportsDir: string,
): Promise<Check> {
  const { violation, stats, verdict, traceHash } = result;
  const mapped = `simulated with ${notes.join(", ")}`;
  const name = "invariants";
  if (violation === null) {
    const detail = `held after each of ${count(stats.events)} events, trace ${traceHash}; ${mapped}`;
    return { name, verdict, detail, evidence: [] };
  }
  const kept = await keepFailure(schedule, reportsDir, `seed-${schedule.seed}`);
  const where = `ordeal sim --replay ${relative(process.cwd(), join(kept.schedule)) || kept.schedule}`;
  const detail = `${violation.invariant} at ${Math.round(violation.atMs)} ms: ${violation.message}; ${where}; ${mapped}`;
  return { name, verdict: "fail", detail, evidence: [] };
}

/** As a node without ports says it. */
const statusOf = (status: RaftStatus): NodeStatus => {
  const { id, role, term, commitIndex, appliedIndex, lastIndex, snapshotIndex } = status;
  const none = { pid: 0, peerPort: 0, clientPort: 0, httpPort: 0 };
  return { id, role, term, commitIndex, appliedIndex, lastIndex, snapshotIndex, ...none };
};
