import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 61,
  name: "shard-forgets-sessions",
  about:
    "A shard moves without its sessions: a retry that comes after it is applied again, or refused.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/frozen-reader.ts",
      find: "this.#sessions = sessions.frozen();",
      replace: "this.#sessions = [][Symbol.iterator]();",
    },
    {
      file: "src/kv/frozen-reader.ts",
      find: "this.#counts = { sessions: sessions.size, entries: store.size };",
      replace: "this.#counts = { sessions: 0, entries: store.size };",
    },
  ],
  detectors: ["LIN", "LIVE"],
  arena: { kind: "sharded" },
});
