import type { Fault } from "../fault/vocabulary.ts";
import type { Problem } from "../lib/user-error.ts";
import type { Scenario } from "./scenario.ts";

const MS_MAX = 60_000;
/** A clock faster or slower than that has no timeouts worth the name. */
const RATE_MIN = 0.01;
const RATE_MAX = 100;

/** What is wrong with a fault of clocks. */
export function nodeFaultProblems(fault: Fault, where: string): Problem[] {
  switch (fault.kind) {
    case "clockJump": {
      if (fault.ms > 0 && fault.ms <= MS_MAX) return [];
      const fix = `use 1 to ${MS_MAX} ms: a monotonic clock does not go back`;
      return [{ where, what: `ms is ${fault.ms}`, fix }];
    }
    case "clockRate": {
      if (fault.rate >= RATE_MIN && fault.rate <= RATE_MAX) return [];
      const fix = `use ${RATE_MIN} to ${RATE_MAX}; 1 is as fast as it should be`;
      return [{ where, what: `rate is ${fault.rate}`, fix }];
    }
    case "clockStrobe": {
      if (fault.everyMs >= 1 && fault.everyMs <= MS_MAX) return [];
      return [{ where, what: `everyMs is ${fault.everyMs}`, fix: `use 1 to ${MS_MAX} ms` }];
    }
    default:
      return [];
  }
}

/** What a wipe needs of the rest of its scenario. */
export function wipeProblems(
  { storage }: Scenario["cluster"],
  faults: readonly Fault[],
): Problem[] {
  if (!faults.some(({ kind }) => kind === "wipe")) return [];
  const found: Problem[] = [];
  if (storage === "memory") {
    const what = `"memory" with a "wipe" fault: there is no disk to lose`;
    found.push({ where: "cluster.storage", what, fix: `use storage: "disk"` });
  }
  if (!faults.some(({ kind }) => kind === "crash" || kind === "powerLoss")) {
    const what = `"wipe" without a crash: it takes the data of nodes that are down`;
    found.push({ where: "faults", what, fix: "crash() the node before" });
  }
  return found;
}
