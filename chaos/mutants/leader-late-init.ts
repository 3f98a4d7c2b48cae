import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 22,
  name: "leader-late-init",
  about: "A leader serves before it has set up what it knows of its followers.",
  seenIn: "akka-raft#58",
  patches: [
    {
      file: "src/raft/state.ts",
      find: "s.progress.set(id, newProgress(s))",
      replace: "s.late = () => s.progress.set(id, newProgress(s))",
    },
    {
      file: "src/raft/election.ts",
      find: `  s.heartbeatAt = nextHeartbeatAt(s);
  for (`,
      replace: `  s.heartbeatAt = nextHeartbeatAt(s);
  s.late?.();
  for (`,
    },
  ],
  detectors: ["ASSERT", "CRASH"],
  arena: { kind: "sim" },
});
