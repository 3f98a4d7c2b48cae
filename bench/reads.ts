import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 100_000;
const CLUSTER = { nodes: 3, storage: "disk" } as const;

/** Gets only, of keys that are there. */
const getCase = (
  name: string,
  clients: number,
  options: Partial<LoadCase["cluster"]> & { readonly reads?: "local" } = {},
): LoadCase => {
  const { reads = "linearizable", ...cluster } = options;
  const plural = clients === 1 ? "client" : "clients";
  return {
    name: `${name}, ${clients} ${plural}`,
    cluster: { ...CLUSTER, ...cluster },
    load: {
      ...PUT_LOAD,
      ...{ clients, connections: Math.ceil(clients / 16), keys: KEYS, reads },
      mix: { ...PUT_LOAD.mix, get: 1, put: 0 },
    },
    preloadKeys: KEYS,
  };
};

/**
 * What linearizability costs a get: a round of messages (ReadIndex), which the reads of a turn share;
 * a look at the clock (lease); nothing, and then an answer may be out of date (local). The nodes
 * count what confirmed each read, and a case whose reads were served otherwise is void.
 */
export default defineLoadSuite({
  name: "reads",
  about: "Gets of 256 B from 3 nodes: linearizable by ReadIndex or by lease, and local ones.",
  cases: [
    ...[1, 64, 256].map((clients) => getCase("ReadIndex", clients)),
    ...[64, 256].map((clients) => getCase("lease", clients, { leaseReads: true })),
    getCase("local", 256, { reads: "local" }),
  ],
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
