import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 23,
  name: "frame-oversize",
  about:
    "An AppendEntries takes all that a follower lacks, beyond the longest frame that it accepts.",
  seenIn: "LogCabin#160",
  patches: [
    {
      file: "src/raft/log.ts",
      find: "if (out.length > 0 && bytes > bytesMax) break;",
      replace: "",
    },
  ],
  detectors: ["WIRE"],
  arena: { kind: "frames" },
});
