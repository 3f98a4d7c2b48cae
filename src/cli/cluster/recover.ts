import { existsSync, renameSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { UserError } from "../../lib/user-error.ts";
import { loadConfig, type NodeConfigFile, nodeAddress } from "../../runtime/config.ts";
import { groupLines, lossText } from "../../runtime/rebirth/force-new-cluster.ts";
import { type Recovered, recoverNode } from "../../runtime/rebirth/recover.ts";
import { certsDir, configFile, writeConfig } from "../../target/local-dir.ts";
import { isSupervised } from "./record.ts";

/**
 * Makes a cluster of one of the survivor's data, once a person has said that this may lose some. Throws
 * UserError; nothing is changed then.
 */
export async function runRecover(args: {
  readonly dir: string;
  readonly survivor: number;
  readonly "yes-i-may-lose-data": boolean;
  readonly "yes-i-lose-shards": boolean;
  readonly json: boolean;
}): Promise<void> {
  const { dir, survivor, json } = args;
  const config = loadConfig(configFile(dir));
  refuse(dir, config, survivor);
  console.error(lossText(survivor, config.clusterId));
  if (!args["yes-i-may-lose-data"]) await askFor(config.clusterId);
  const { sharding } = config;
  const mayLoseShards = args["yes-i-lose-shards"];
  const done = await recoverNode(resolve(dir), survivor, { sharding, mayLoseShards });
  const { links: _links, ...rest } = config;
  const nodes = config.nodes.filter(({ id }) => id === survivor);
  // They name the old cluster; `cluster start` makes new ones, of another authority.
  const certs = certsDir(dir);
  if (config.tls !== undefined && existsSync(certs)) {
    renameSync(certs, `${certs}.before-${done.clusterId.slice(-8)}`);
  }
  // Last: until then a start finds a node of another cluster than the file names, and refuses.
  writeConfig({
    ...rest,
    clusterId: done.clusterId,
    nodes,
    voters: [survivor],
    bootstrapped: true,
    sharding: done.sharded?.sharding,
  });
  for (const line of groupLines(done)) console.error(line);
  if (json) return console.log(JSON.stringify({ survivor, ...done }));
  console.log(`${describe(survivor, done)}
start it:     ordeal cluster start -n 1 --dir ${dir}
then more:    ordeal cluster add --dir ${dir} --count 2${done.sharded === null ? "" : MORE_GROUPS}`);
}

/** The groups that are left have one node each, and keep it. */
const MORE_GROUPS = `
then groups on several nodes, which take the shards over: ordeal shards join …, ordeal shards leave …`;

const describe = (survivor: number, done: Recovered): string =>
  `recovered node ${survivor}: ${done.keys} keys, up to entry ${done.lastIndex} of its log, as cluster ${done.clusterId}
the data as they were: ${done.keptDir}`;

/** At a terminal the name of the cluster is asked for; elsewhere the flag is. */
async function askFor(clusterId: string): Promise<void> {
  if (process.stdin.isTTY === true) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question(`type the cluster's name to go on (${clusterId}): `);
    terminal.close();
    if (answer.trim() === clusterId) return;
  }
  const what = "nobody has agreed to that";
  const fix = "add --yes-i-may-lose-data, or type the cluster's name at a terminal";
  throw new UserError("nothing was changed", [{ where: "--yes-i-may-lose-data", what, fix }]);
}

function refuse(dir: string, config: NodeConfigFile, survivor: number): void {
  nodeAddress(config, survivor);
  if (isSupervised(dir)) {
    const fix = `stop it first: ordeal cluster stop --dir ${dir}; if a majority runs, nothing needs to be recovered`;
    const what = "the cluster runs";
    throw new UserError("nothing was changed", [{ where: dir, what, fix }]);
  }
}
