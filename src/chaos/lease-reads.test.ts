import { expect, test } from "bun:test";
import type { NodeStatus } from "../target/target.ts";
import { LeaseReads } from "./lease-reads.ts";

const node = (pid: number, byLease?: number): NodeStatus => ({
  ...{ id: 1, pid, role: "leader", term: 1, commitIndex: 1, appliedIndex: 1, lastIndex: 1 },
  ...{ peerPort: 1, clientPort: 1, httpPort: 1 },
  ...(byLease !== undefined && { reads: { byLease, byRound: 0, local: 0 } }),
});

test("LeaseReads: a node that starts anew counts from 0, and what it served before still counts", () => {
  const reads = new LeaseReads();
  reads.see([node(10, 5), node(11, 1)]);
  reads.see([node(10, 7), node(11)]); // One that does not answer tells nothing.
  reads.see([node(12, 2)]);
  expect(reads.total).toBe(10);
});
