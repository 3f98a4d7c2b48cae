import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 57,
  name: "dedup-not-in-snapshot",
  about: "A snapshot leaves out the sessions: a retry that comes after it is applied again.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/snapshot.ts",
      find: "this.#sessions = sessions.frozen();",
      replace: "this.#sessions = [][Symbol.iterator]();",
    },
    {
      file: "src/kv/snapshot.ts",
      find: "this.#sessionCount = sessions.size;",
      replace: "this.#sessionCount = 0;",
    },
  ],
  detectors: ["ORC", "LIN", "CONV", "SMS"],
  arena: { kind: "sim" },
});
