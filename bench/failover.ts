import { defineFailoverSuite, type FailoverCase, PUT_LOAD } from "../src/bench/dsl.ts";

const failoverCase = (
  name: string,
  options: Pick<FailoverCase, "goalMs"> & Pick<FailoverCase["cluster"], "timers">,
): FailoverCase => {
  const { timers, ...rest } = options;
  return {
    name,
    cluster: { nodes: 3, storage: "disk", ...(timers !== undefined && { timers }) },
    // One client is enough to see the first write; a few make sure that one is always trying.
    load: { ...PUT_LOAD, clients: 4, connections: 4, keys: 1_000, timeoutMs: 5_000 },
    ...rest,
  };
};

export default defineFailoverSuite({
  name: "failover",
  about: "Leaders killed with SIGKILL, one after the other: noticed, a new one, the first write.",
  cases: [
    failoverCase("own timers", { goalMs: 400 }),
    failoverCase("heartbeats 10 ms, elections after 50 ms", {
      timers: { heartbeatMs: 10, electionMs: 50 },
      goalMs: 90,
    }),
  ],
  kills: 12,
});
