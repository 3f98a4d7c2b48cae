import { clock } from "../report/format.ts";
import type { Check } from "../report/schema.ts";
import type { Recording, SeenViolation } from "./run.ts";

/**
 * The check of the whole history, with what the online checker saw during the run. The full
 * checker's word counts, but where it ran out of time or memory: what the online checker tells is
 * proved. Two that contradict each other are no verdict: one of the checkers is wrong.
 */
export function withSeen(check: Check, { violation, loadStartedUs }: Recording): Check {
  if (violation === undefined) return check;
  const seen = describeSeen(violation, loadStartedUs);
  const claim = `key ${violation.key}: ${violation.sentence}; ${seen}`;
  switch (check.verdict) {
    case "fail":
      return { ...check, detail: `${check.detail}; ${seen}` };
    case "unknown":
      return { ...check, verdict: "fail", detail: `${claim}; the full check: ${check.detail}` };
    case "pass": {
      const detail = `${claim}; but the full check finds nothing wrong: one of the two has a bug`;
      return { ...check, verdict: "unknown", detail };
    }
  }
}

function describeSeen(seen: SeenViolation, loadStartedUs: number): string {
  const lateMs = Math.max(0, seen.knownUs - seen.atUs) / 1000;
  const at = clock(seen.atUs - loadStartedUs);
  const stopped = seen.stopped ? ", which ended the load" : "";
  return `seen during the run, at ${at}, ${lateMs.toFixed(1)} ms after the operation returned${stopped}`;
}
