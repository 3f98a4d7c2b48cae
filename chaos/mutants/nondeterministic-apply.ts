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
      find: `this.#stamp(cell, valueBytes, version + 1);
  }

  #append`,
      replace: `this.#stamp(cell, valueBytes, version + (++puts % 101 === 0 ? 2 : 1));
  }

  #append`,
    },
  ],
  detectors: ["SMS", "CONV", "LIN", "ORC"],
  arena: { kind: "sim" },
});
