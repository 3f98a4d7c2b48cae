import type { Fault } from "../fault/vocabulary.ts";
import type { Problem } from "../lib/user-error.ts";

const MS_MAX = 60_000;

/** What is wrong with a fault of connections, of messages by meaning, or with a long tail. */
export function linkFaultProblems(fault: Fault, where: string): Problem[] {
  const found: Problem[] = [];
  if (fault.kind === "delay" && fault.tail !== undefined) {
    const { ratio, ms } = fault.tail;
    if (!(ratio > 0 && ratio <= 1)) {
      const fix = "use a share above 0 and at most 1, such as 0.01";
      found.push({ where, what: `tail.ratio is ${ratio}`, fix });
    }
    if (!(ms > 0 && ms <= MS_MAX)) {
      found.push({ where, what: `tail.ms is ${ms}`, fix: `use 1 to ${MS_MAX} ms` });
    }
  }
  if (fault.kind === "bandwidth" && !(fault.bytesPerSecond >= 1)) {
    const what = `bytesPerSecond is ${fault.bytesPerSecond}`;
    found.push({ where, what, fix: "use 1 or more, or clog() the links" });
  }
  if (fault.kind !== "message") return found;
  const { first, act } = fault;
  if (first !== null && !(Number.isInteger(first) && first >= 1)) {
    found.push({ where, what: `first is ${first}`, fix: "use a whole number from 1, or null" });
  }
  if (typeof act === "object" && !(act.delayMs > 0 && act.delayMs <= MS_MAX)) {
    found.push({ where, what: `delayMs is ${act.delayMs}`, fix: `use 1 to ${MS_MAX} ms` });
  }
  return found;
}
