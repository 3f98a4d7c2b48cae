import { underWay } from "../../kv/shards-under-way.ts";
import type { ClusterAddress, Sharded } from "../target.ts";
import type { Sharding } from "../../runtime/sharding.ts";
import { until } from "../until.ts";
import { groupIds } from "./placement.ts";
import { ShardAdmin } from "./shard-admin.ts";

const JOINED_WITHIN_MS = 60_000;
const ASK_WITHIN_MS = 5_000;

/**
 * Lets the groups of a fresh sharded cluster join, in one change, and waits until they serve. Does nothing to a
 * cluster that had a config before. Rejects when it takes too long.
 */
export async function joinFirstGroups(
  address: ClusterAddress,
  sharded: Sharded,
  sharding: Sharding,
): Promise<void> {
  const admin = new ShardAdmin(address, ASK_WITHIN_MS);
  const groups = groupIds(sharded).joined.map((id) => ({ id, nodes: sharding.groups[id]! }));
  try {
    await until("the groups of shards have joined", JOINED_WITHIN_MS, async () => {
      const { kind } = await admin.change({ kind: "join", groups }, 0);
      return kind === "done" || kind === "outdated" ? true : null;
    });
    await until("the groups of shards serve", JOINED_WITHIN_MS, async () => {
      const now = await admin.status();
      return now !== null && underWay(now.config, now.groups).length === 0 ? true : null;
    });
  } finally {
    admin.close();
  }
}
