import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 29,
  name: "wal-corrupt-is-end",
  about: "A damaged record is taken for the end of the log: what follows is dropped.",
  seenIn: "Protocol-Aware Recovery, FAST'18",
  patches: [
    {
      file: "src/storage/examine.ts",
      find: "if (stop.found.torn) return;",
      replace: "if (stop.found.torn || !stop.found.torn) return;",
    },
    {
      file: "src/storage/examine.ts",
      find: "if (later === null || last === undefined) continue;",
      replace: "if (later === null || later !== undefined) continue;",
    },
  ],
  detectors: ["DUR"],
  arena: { kind: "wal" },
});
