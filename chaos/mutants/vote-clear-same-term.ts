import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 2,
  name: "vote-clear-same-term",
  about: "An AppendEntries of the own term makes a node forget whom it voted for.",
  seenIn: "akka-raft#56",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "export function onAppendEntries(s: RaftState, m: AppendEntries): void {",
      replace: `export function onAppendEntries(s: RaftState, m: AppendEntries): void {
  if (s.votedFor !== 0) s.hardStateChanged = true;
  s.votedFor = 0;`,
    },
  ],
  detectors: ["VU", "MON", "ES"],
  arena: { kind: "sim" },
});
