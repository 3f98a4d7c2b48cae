import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 26,
  name: "apply-index-not-atomic",
  about:
    "A snapshot holds a later state than its index says: after a restart its last entries are applied again.",
  seenIn: "etcd#13766, etcd#14685",
  patches: [
    {
      file: "src/replica/snapshots.ts",
      find: `const meta = raft.appliedMeta();
    if`,
      replace: `const meta = this.earlier ?? raft.appliedMeta();
    this.earlier = this.earlier === undefined ? meta : undefined;
    if (this.earlier !== undefined) return;
    if`,
    },
  ],
  detectors: ["SMS", "CONV", "ORD", "LIN", "ORC"],
  arena: { kind: "sim" },
});
