import type { SimOperation } from "../../sim/api.ts";
import { Prng } from "../../lib/prng.ts";
import { Arrivals } from "../../workload/arrivals.ts";
import { keyChooser } from "../../workload/keys.ts";
import { ACTION_GET, ACTIONS, actionChooser } from "../../workload/mix.ts";
import type { LoadShape } from "../../workload/spec.ts";

/** A simulated operation costs some thirty events: this many a second keep a run to seconds. */
export const RATE_MAX = 300;
/** What a client of a closed loop is taken to do, a second, as far as RATE_MAX allows. */
const CLOSED_LOOP_RATE = 60;
/** What a closed loop does on real processes, about: only to scale sizes by. */
const CLOSED_LOOP_REAL_RATE = 2_000;

const OP_OF = {
  ...{ get: "get", put: "put", cas: "versionedPut", append: "append", delete: "delete" },
  // The nearest that the simulator's clients have; scenarios record histories, which refuse scans.
  ...{ rmw: "versionedPut", scan: "get" },
} as const satisfies Record<(typeof ACTIONS)[number], SimOperation["op"]>;

/** Operations a second in the simulator, and of what a real run is to do the share that this is. */
export function simulatedRate({ rate, clients }: LoadShape): {
  readonly rate: number;
  readonly share: number;
} {
  const simulated = Math.min(RATE_MAX, rate ?? clients * CLOSED_LOOP_RATE);
  return { rate: simulated, share: simulated / (rate ?? CLOSED_LOOP_REAL_RATE) };
}

/**
 * The load of a scenario as the operations of a schedule: keys, mix and arrivals as the generator draws
 * them, at the simulator's rate. Each client has its turn; one that is busy then leaves it out.
 */
export function simulatedLoad(
  load: LoadShape,
  seed: number,
  durationMs: number,
): readonly SimOperation[] {
  const prng = new Prng(seed).fork("simulated load");
  const arrivals = new Arrivals(load.arrivals, simulatedRate(load).rate, 0, prng.fork("arrivals"));
  const action = actionChooser(load.mix, prng.fork("mix"));
  const key = keyChooser(load.keyDistribution, load.keys, prng.fork("keys"));
  const operations: SimOperation[] = [];
  for (let i = 0; arrivals.nextMs < durationMs; i++, arrivals.advance()) {
    const chosen = action();
    operations.push({
      atMs: arrivals.nextMs,
      client: i % load.clients,
      op: OP_OF[ACTIONS[chosen]!],
      key: key(chosen !== ACTION_GET),
    });
  }
  return operations;
}
