import { checkHistory } from "../check/check.ts";
import { timeline } from "../check/explain/timeline.ts";
import type { SimClients } from "./clients.ts";
import { violated } from "./violation.ts";

const CHECK_MEMORY_BYTES = 256 << 20;
/** Steps of the checker's own clock, so that a verdict does not depend on the machine. */
const CHECK_STEPS_MAX = 2_000_000;

/**
 * LIN: what the clients saw is linearizable, their last reads included (so no ack is lost). Throws
 * InvariantError when it is not; `unknown` when the checker ran out of its limits.
 */
export function checkClients(clients: SimClients): "pass" | "unknown" {
  const history = clients.history();
  let steps = 0;
  const result = checkHistory(history, {
    now: () => steps++,
    timeoutMs: CHECK_STEPS_MAX,
    memoryBytes: CHECK_MEMORY_BYTES,
  });
  if (result.kind === "fail") {
    const evidence = timeline(history, result.core, result.arrows);
    violated("LIN", `key ${result.key}: ${result.sentence}`, evidence);
  }
  return result.kind;
}
