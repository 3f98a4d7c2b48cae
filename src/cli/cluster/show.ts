import { type FsyncMode, storageText, unsafeFsync } from "../../lib/fsync.ts";
import type { NodeAddress } from "../../runtime/config.ts";
import { askStatus, silentStatus } from "../../target/local-status.ts";
import type { NodeStatus } from "../../target/target.ts";
import { table } from "../table.ts";

const STATUS_WITHIN_MS = 2_000;

/** Asks every node at once; one that does not answer is "down". */
export const askAll = (
  clusterId: string,
  nodes: readonly NodeAddress[],
): Promise<readonly NodeStatus[]> =>
  Promise.all(
    nodes.map(async (node) => {
      const said = await askStatus(node, clusterId, STATUS_WITHIN_MS);
      return said ?? silentStatus(node, "down", 0);
    }),
  );

/** What `cluster start` and `cluster status` tell of a node. */
type Shown = Pick<
  NodeStatus,
  "id" | "pid" | "role" | "term" | "commitIndex" | "peerPort" | "clientPort" | "httpPort"
>;
/** What they print with --json: for scripts, so it only ever gains fields. */
export type ClusterDocument = {
  readonly nodes: readonly Shown[];
  readonly storage: "disk" | "memory";
  readonly fsync: FsyncMode | null;
  /** A warning, "UNSAFE: …"; null: there is none. */
  readonly unsafe: string | null;
};

export const clusterDocument = (
  statuses: readonly NodeStatus[],
  kept: Pick<ClusterDocument, "storage" | "fsync">,
): ClusterDocument => ({
  ...kept,
  unsafe: unsafeFsync(kept.fsync),
  nodes: statuses.map(({ id, pid, role, term, commitIndex, peerPort, clientPort, httpPort }) => ({
    ...{ id, pid, role, term, commitIndex, peerPort, clientPort, httpPort },
  })),
});

export function print(document: ClusterDocument, json: boolean): void {
  if (json) return console.log(JSON.stringify(document));
  const header = ["node", "role", "term", "commit", "pid", "peer port", "client port", "http port"];
  const rows = document.nodes.map((node) => [
    ...[node.id, node.role, node.term, node.commitIndex, node.pid],
    ...[node.peerPort, node.clientPort, node.httpPort],
  ]);
  console.log(`${table(header, rows)}\nstorage: ${storageText(document.storage, document.fsync)}`);
}
