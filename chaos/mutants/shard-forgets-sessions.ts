import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 61,
  name: "shard-forgets-sessions",
  about:
    "A shard moves without what its sessions have done: a retry that comes after it is applied again.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-stream.ts",
      find: "if (done !== true) this.#out.session(value);",
      replace: "if (done !== true) this.#out.session({ ...value, seq: 0 });",
    },
  ],
  detectors: ["MOVED", "LIN", "LIVE"],
  arena: { kind: "sharded" },
});
