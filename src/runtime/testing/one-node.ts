import { afterAll, beforeAll, expect } from "bun:test";
import type { OrdealNodeOptions } from "../ordeal-node.ts";
import { clusterConfig, tempDir, TestCluster } from "./cluster.ts";

/** A node in memory that leads, for all tests of a file; that none of them broke it is seen at the end. */
export function oneNode(more: Partial<OrdealNodeOptions> = {}): TestCluster {
  const dir = tempDir();
  const cluster = new TestCluster(clusterConfig(1, dir.path, "memory"));
  beforeAll(async () => {
    cluster.start(1, more);
    await cluster.leader();
  });
  afterAll(async () => {
    await cluster.stopAll();
    dir.remove();
    expect(cluster.fatal).toEqual([]);
  });
  return cluster;
}
