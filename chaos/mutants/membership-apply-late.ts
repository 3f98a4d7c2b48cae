import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 51,
  name: "membership-apply-late",
  about: "A membership takes effect when its entry is committed, not when it is appended.",
  seenIn: "etcd#12359, etcd#7625, redpanda#3055",
  patches: [
    {
      file: "src/raft/memberships.ts",
      find: `function takeEffect(s: RaftState): void {
  s.membership = s.memberships.at(-1)!.membership;`,
      replace: `export function takeEffect(s: RaftState): void {
  const known = s.memberships.findLast(({ index }) => index <= s.log.commitIndex);
  s.membership = (known ?? s.memberships[0]!).membership;`,
    },
    {
      file: "src/raft/ready.ts",
      find: `import { advanceMembership } from "./membership.ts";`,
      replace: `import { advanceMembership } from "./membership.ts";
import { takeEffect } from "./memberships.ts";`,
    },
    {
      file: "src/raft/ready.ts",
      find: `if (s.role === "leader") leadOn(s);`,
      replace: `takeEffect(s);
  if (s.role === "leader") leadOn(s);`,
    },
  ],
  detectors: ["CFG", "QC", "LIVE", "ES", "LC"],
  arena: { kind: "sim" },
});
