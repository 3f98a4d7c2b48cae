import { rememberNodes } from "../../security/keyring.ts";
import { UserError } from "../../lib/user-error.ts";
import { askReport } from "../local-admin.ts";
import type { Capability, ClusterOptions, Target } from "../target.ts";
import { until } from "../until.ts";
import { AttachedCluster } from "./attached-cluster.ts";
import { type AttachFile, type CommandName, loadAttachFile } from "./attach-file.ts";
import { refuseUsedKeys } from "./load-keys.ts";

const ANSWER_WITHIN_MS = 5_000;
const FIRST_LEADER_WITHIN_MS = 60_000;

/**
 * Nodes of Ordeal's own store that run already, wherever that is: they are loaded and judged like
 * others, and broken as far as the file at `path` says how. `loadKeys` are those that a load uses.
 * Throws UserError on a bad file.
 */
export function attachTarget(path: string, loadKeys: readonly string[]): Target {
  const file = loadAttachFile(path);
  return {
    name: "attached",
    version: "",
    can: capabilities(file),
    nodesMax: file.nodes.length,
    start: (options) => attach(file, loadKeys, options),
  };
}

function capabilities({ commands }: AttachFile): Record<Capability, true | string> {
  const given = (...names: readonly CommandName[]): true | string => {
    const missing = names.filter((name) => commands[name] === undefined);
    return missing.length === 0 || `the file has no command "${missing.join('", "')}"`;
  };
  const ours = "the nodes are not ours: nothing of ours is between them, below them or in them";
  return {
    ...{ crash: given("kill", "start"), pause: given("pause", "resume") },
    partition: given("cut", "heal"),
    ...{ delay: ours, loss: ours, connection: ours, disk: ours, clock: ours },
    memory: "how its nodes keep their data is not ours to say",
    membership: "its members are not ours to change",
    orders: "its nodes take orders from whoever runs them",
    recording: "its nodes were started without a recorder",
    ...{ failover: true, "versioned-put": true, append: true, delete: true, scan: true },
    sharded: "its groups are not ours to place",
    timers: "its nodes have the timers that they were started with",
  };
}

async function attach(
  file: AttachFile,
  loadKeys: readonly string[],
  options: ClusterOptions,
): Promise<AttachedCluster> {
  const { nodes } = file;
  if (options.nodes !== nodes.length) {
    const what = `has ${nodes.length} nodes, and ${options.nodes} are asked for`;
    const fix = `give --nodes ${nodes.length}`;
    throw new UserError("cannot attach", [{ where: "the attached cluster", what, fix }]);
  }
  rememberNodes(nodes, file.credentials);
  const reports = await Promise.all(nodes.map((node) => askReport(node, ANSWER_WITHIN_MS)));
  const problems = nodes.flatMap(({ id, host, httpPort }, i) => {
    const report = reports[i] ?? null;
    const where = `node ${id} (${host}:${httpPort})`;
    if (report === null) {
      return [
        {
          where,
          what: "does not answer",
          fix: "start it, correct its address, or give credentials",
        },
      ];
    }
    if (report.id === id && report.clusterId === reports[0]?.clusterId) return [];
    const what = `says that it is node ${report.id} of "${report.clusterId}"`;
    return [{ where, what, fix: "name the nodes of one cluster, with the ids that they have" }];
  });
  if (problems.length > 0) throw new UserError("cannot attach", problems);
  const cluster = new AttachedCluster(file, reports[0]!.clusterId, options.seed);
  const leader = await until("a leader", FIRST_LEADER_WITHIN_MS, () => cluster.leader());
  await refuseUsedKeys(
    nodes.find(({ id }) => id === leader)!,
    loadKeys,
    file.clear,
  );
  return cluster;
}
