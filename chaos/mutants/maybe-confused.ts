import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 58,
  name: "maybe-confused",
  about:
    "A conditional put that is tried again forgets the first try: it meets its own success and reports a mismatch.",
  seenIn: "6.5840 labs",
  patches: [
    {
      file: "src/client/clerk.ts",
      find: `if (s.stage[slot] === OPERATING) s.maybe[slot] = 1;
  }

  #retry`,
      replace: `if (s.stage[slot] !== OPERATING) return;
    if ((s.flags[slot]! & 1) !== 0) s.nextSeq(slot);
    else s.maybe[slot] = 1;
  }

  #retry`,
    },
  ],
  detectors: ["LIN", "ORC"],
  arena: { kind: "sim" },
});
