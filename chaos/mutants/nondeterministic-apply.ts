import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 59,
  name: "nondeterministic-apply",
  about: "What a put does depends on something that is not in the log.",
  seenIn: "–",
  patches: [
    {
      file: "src/kv/store.ts",
      find: "const NO_BYTES = new Uint8Array(0);",
      replace: `const NO_BYTES = new Uint8Array(0);
let puts = 0;`,
    },
    {
      file: "src/kv/store.ts",
      find: `bytes, keyAt + keyBytes, valueBytes, version + 1);
  }`,
      replace: `bytes, keyAt + keyBytes, valueBytes, version + (++puts % 101 === 0 ? 2 : 1));
  }`,
    },
  ],
  detectors: ["SMS", "CONV", "LIN", "ORC"],
  arena: { kind: "sim" },
});
