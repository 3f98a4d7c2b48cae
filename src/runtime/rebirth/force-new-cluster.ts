import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { nodeAddress } from "../config.ts";
import { readRemembered, writeRemembered } from "../discovery/remembered.ts";
import type { NodeSettings } from "../node-settings.ts";
import { type Recovered, recoverNode, shardsText } from "./recover.ts";

/** What is about to happen, and what it can cost. */
export const lossText = (
  id: number,
  clusterId: string | null,
): string => `THIS MAY LOSE DATA. Node ${id} becomes the only member of a new cluster, made of what is on its own disk:
  what ${clusterId === null ? "its cluster" : `cluster "${clusterId}"`} acknowledged and node ${id} never received is gone for good;
  what it received and nobody acknowledged counts as done.
  The other nodes can never come back; if a majority of all can still be started, start those instead.`;

/**
 * What `ordeal node --force-new-cluster` does before the node starts: makes of its data those of a cluster of
 * its own (recover.ts), which its directory remembers from then on. Throws UserError, and changes nothing, unless
 * `isAgreed`, when the data were made a new cluster before, or when a file lists the nodes.
 */
export async function forceNewCluster(
  { id, config, hasNodes, clusterId, join: joins }: NodeSettings,
  isAgreed: boolean,
  mayLoseShards: boolean,
): Promise<Recovered> {
  const dataDir = resolve(config.dataDir);
  const problems = [
    ...(isAgreed
      ? []
      : [
          {
            where: "--force-new-cluster",
            what: "nobody has agreed that data may be lost",
            fix: "add --yes-i-may-lose-data",
          },
        ]),
    ...(hasNodes || joins !== null || config.storage === "memory" ? [unfit] : []),
    ...forcedBefore(dataDir, id),
  ];
  if (problems.length > 0) throw new UserError("nothing was changed", problems);
  const dir = join(dataDir, `node-${id}`);
  const sharding = config.sharding ?? readRemembered(dir)?.sharding;
  const done = await recoverNode(dataDir, id, { sharding, mayLoseShards });
  const self = nodeAddress(config, id);
  const { clusterId: newId, sharded } = done;
  writeRemembered(dir, {
    ...{ clusterId: newId, firstVoters: [id], nodes: [self] },
    ...(sharded && { sharding: sharded.sharding }),
  });
  for (const line of groupLines(done)) console.error(line);
  console.error(
    `node ${id} is now all of cluster "${done.clusterId}" (before: ${clusterId ?? done.oldClusterId}): ${done.keys} keys
  the data as they were: ${done.keptDir}
  start it without --force-new-cluster from now on; new nodes may join it, under new ids`,
  );
  return done;
}

/** Of a sharded cluster: how far the log of each group came, and what is gone, for people. */
export function groupLines({ lastIndex, sharded }: Recovered): readonly string[] {
  if (sharded === null) return [];
  const { groups, lost } = sharded;
  return [
    `  group 1, the shard controller: up to entry ${lastIndex} of its log`,
    ...groups.map(({ group, lastIndex: last, term, config, shards, keys, stale }) => {
      const holds = shards.length === 0 ? "no shard" : `shards ${shards.join(" ")}, ${keys} keys`;
      const old =
        stale.length === 0
          ? ""
          : `; it had handed over ${stale.join(" ")}: WHAT THE NEXT OWNER WROTE THERE IS GONE`;
      return `  group ${group}: up to entry ${last} of its log, term ${term}, config ${config}: ${holds}${old}`;
    }),
    ...(lost.length === 0 ? [] : [`  LOST, and empty from now on: ${shardsText(lost)}`]),
  ];
}

const unfit = {
  where: "--force-new-cluster",
  what: "the settings are those of the old cluster: a list of nodes, --join, or data in memory",
  fix: "give the node's own: --id, --data-dir and --listen-…; or use `ordeal cluster recover` for a directory of `cluster start`",
};

/** A flag that stays in a script must not break up the cluster that has grown since. */
function forcedBefore(dataDir: string, id: number) {
  const names = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const kept = names.find((name) => name.startsWith(`node-${id}.before-`));
  if (kept === undefined) return [];
  const where = join(dataDir, kept);
  const what = "the node was made a new cluster before, and its earlier data are there";
  return [{ where, what, fix: "leave out --force-new-cluster; or move that directory away first" }];
}
