import { afterEach, expect } from "bun:test";
import type { NodeConfigFile } from "../config.ts";
import { tempDir, TestCluster } from "./cluster.ts";
import { ShardClient } from "./shard-client.ts";

/** What the tests of a file begin and must end, which happens after each of them. */
export function endings(): {
  /** In this order. */
  readonly ended: (() => Promise<void> | void)[];
  /** A directory that goes with the test. */
  readonly newDir: () => string;
  /** A sharded cluster and a client of it. It ends before what was begun before it; none of its nodes may have broken. */
  readonly startShards: (config: NodeConfigFile) => { cluster: TestCluster; client: ShardClient };
} {
  const ended: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0)) await end();
  });
  return {
    ended,
    newDir() {
      const dir = tempDir();
      ended.push(() => dir.remove());
      return dir.path;
    },
    startShards(config) {
      const cluster = new TestCluster(config).startAll();
      const client = new ShardClient(config, 1);
      ended.unshift(async () => {
        client.stop();
        await cluster.stopAll();
        expect(cluster.fatal).toEqual([]);
      });
      return { cluster, client };
    },
  };
}
