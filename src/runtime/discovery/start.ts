import { existsSync } from "node:fs";
import { join as joinPath } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { firstVoters, type NodeAddress, type NodeConfigFile, nodeAddress } from "../config.ts";
import { speakAsNode } from "../secure.ts";
import type { Alongside } from "../node.ts";
import type { NodeSettings } from "../node-settings.ts";
import { membersOf, type NodesReport } from "../nodes-report.ts";
import { Discovery } from "./follow.ts";
import { askAll, becomeMember, findCluster } from "./join.ts";
import { readRemembered, type Remembered, writeRemembered } from "./remembered.ts";
import type { Source } from "./source.ts";

export type Prepared = {
  readonly config: NodeConfigFile;
  readonly isJoining: boolean;
  /** Started with the node, and stopped before it. */
  readonly alongside: Alongside | undefined;
};

/**
 * What a node needs to know of its cluster before it starts, for one whose file does not say it all. What
 * its own directory remembers comes before flags; a new node that joins asks the cluster. Throws
 * UserError when the node cannot be part of it.
 */
export async function prepareNode(settings: NodeSettings): Promise<Prepared> {
  const { id, config, hasNodes, clusterId, peers, join } = settings;
  speakAsNode(config, id);
  const source = join ?? peers;
  if (hasNodes && source === null) return { config, isJoining: false, alongside: undefined };
  const dir = joinPath(config.dataDir, `node-${id}`);
  const begun = existsSync(joinPath(dir, "identity.json"));
  const remembered = begun ? readRemembered(dir) : null;
  const self = nodeAddress(config, id);
  if (join === null) {
    const known = remembered === null ? config : withCluster(config, remembered, self);
    if (!begun) refuseStranger(known, id);
    const isLost = !begun && config.storage === "disk" && (await hadBegun(source, known, id));
    if (isLost) console.error(lostText(id));
    return {
      config: isLost ? { ...known, bootstrapped: true } : known,
      isJoining: begun,
      alongside: follow(settings, source, dir, null),
    };
  }
  const cluster = remembered ?? (await findCluster(join, id, clusterId));
  const joined = { ...withCluster(config, cluster, self), bootstrapped: true };
  return { config: joined, isJoining: true, alongside: follow(settings, source, dir, { begun }) };
}

/** The cluster's own voters and timers, the nodes that it knows, and this one where it is now. */
function withCluster(
  config: NodeConfigFile,
  known: NodesReport | Remembered,
  self: NodeAddress,
): NodeConfigFile {
  const { clusterId, nodes, sharding } = known;
  const raft = { ...known.raft, ...config.raft };
  const others = nodes.filter(({ id }) => id !== self.id);
  return {
    ...config,
    ...{
      clusterId,
      nodes: [...others, self].sort((a, b) => a.id - b.id),
      voters: known.firstVoters,
    },
    ...(sharding && { sharding }),
    ...(Object.keys(raft).length > 0 && { raft }),
  };
}

/**
 * Whether others know node `id`, which finds nothing in its own directory. They list a node only once it
 * has answered, and it answers only once its directory is marked: it has lost what it promised, and
 * must not vote under its old id (docs/adr/0010).
 */
async function hadBegun(
  source: Source | null,
  { clusterId }: NodeConfigFile,
  id: number,
): Promise<boolean> {
  if (source === null) return false;
  const said = (await askAll(source)).flatMap(({ said }) => (typeof said === "string" ? [] : said));
  return said.some(
    (one) => one.clusterId === clusterId && one.nodes.some((node) => node.id === id),
  );
}

const lostText = (id: number): string =>
  `node ${id} has been part of the cluster, and its directory is empty: it has lost its data, and takes no part
  fix: end it, and start one with a new id by --join; then take ${id} out of the members`;

function refuseStranger(config: NodeConfigFile, id: number): void {
  const voters = firstVoters(config);
  if (voters.includes(id)) return;
  const what = `node ${id} is none of those that vote first: ${voters.join(", ")}`;
  const fix = "correct --voters or --peers; or, if the cluster runs already, use --join";
  throw new UserError("the node cannot start", [{ where: "--id", what, fix }]);
}

/** `joins`: the node asks to be taken in, unless it is a member. */
function follow(
  { id, learner, config }: NodeSettings,
  source: Source | null,
  dir: string,
  joins: { readonly begun: boolean } | null,
): Alongside {
  return (node, log, onFatal) => {
    let isStopped = false;
    const keep = (report: NodesReport): void => {
      // In memory there is no identity that could come back.
      if (config.storage === "disk") writeRemembered(dir, toRemember(report, joins !== null));
    };
    keep(node.admin.nodes());
    const discovery =
      source === null ? null : new Discovery({ source, node: node.admin, log, onNodes: keep });
    const { membership, nodes } = node.admin.nodes();
    if (joins !== null && !membersOf(membership).includes(id)) {
      const self = nodes.find((one) => one.id === id)!;
      const say = (text: string): void => console.error(text);
      const options = { self, learner, begun: joins.begun, node: node.admin, log, say };
      becomeMember({ ...options, isStopped: () => isStopped }).catch(onFatal);
    }
    return {
      stop: () => {
        isStopped = true;
        discovery?.stop();
        keep(node.admin.nodes());
      },
    };
  };
}

/** Its timers a node that joined has from the cluster; any other one is told them at each start. */
const toRemember = (report: NodesReport, hasJoined: boolean): Remembered => {
  const { clusterId, firstVoters: voters, nodes, sharding, raft } = report;
  return {
    ...{ clusterId, firstVoters: voters, nodes },
    ...(sharding && { sharding }),
    ...(raft && hasJoined && { raft }),
  };
};
