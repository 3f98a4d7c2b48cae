import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 57,
  name: "dedup-missing",
  about: "A command that comes twice is applied twice.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/sessions.ts",
      find: "if (seq === last) {",
      replace: "if (seq === last && seq === 0) {",
    },
  ],
  detectors: ["ORC", "LIN"],
  arena: { kind: "sim" },
});
