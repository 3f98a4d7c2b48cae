import { OnlineChecker } from "../../check/online/online.ts";
import { keyText } from "../../workload/keys.ts";
import type { Follower } from "../../workload/recorder.ts";
import type { LoadViolation } from "../../workload/spec.ts";

/**
 * An online checker that follows a recorder of `workers` and tells violations. `now` is the
 * recorder's clock, in milliseconds, which reads 0 at `originUs` after the Unix epoch.
 */
export function followRecorder(
  workers: number,
  now: () => number,
  originUs: number,
  tell: (violation: LoadViolation) => void,
): Follower {
  const checker = new OnlineChecker({ slots: workers });
  return {
    invoke: (worker, process, op, key, value, expected) =>
      checker.invoke(worker, process, op, key, value, expected),
    complete: (worker, outcome, version, index, value, atMs) => {
      const seen = checker.complete(worker, outcome, version, index, value);
      if (seen === null) return;
      const { key, sentence } = seen;
      const us = (ms: number): number => originUs + ms * 1000;
      tell({ key: keyText(key), sentence, atUs: us(atMs), seenUs: us(now()) });
    },
  };
}
