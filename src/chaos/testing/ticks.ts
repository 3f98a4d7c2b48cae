import type { Tick } from "../timeline.ts";

/** A tick of 100 ms that ended at `atUs` with `ok` operations, all of them of one latency. */
export const tickAt = (atUs: number, ok: number, latencyUs: number): Tick => ({
  kind: "tick",
  atUs,
  intervalMs: 100,
  counts: { ok, fail: 0, info: 0 },
  response: {
    ...{ count: ok, mean: latencyUs, p50: latencyUs, p90: latencyUs },
    ...{ p99: latencyUs, p999: latencyUs, max: latencyUs },
  },
});
