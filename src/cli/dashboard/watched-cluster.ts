import { join, resolve } from "node:path";
import type { ClusterInfo, NodeView } from "../../dashboard/live/document.ts";
import type { Look, NewEvent } from "../../dashboard/live/host.ts";
import { shardMap } from "../../dashboard/live/shard-map.ts";
import type { LiveState } from "../../target/live-faults.ts";
import { askStatus, silentStatus } from "../../target/local-status.ts";
import { ShardAdmin } from "../../target/shards/shard-admin.ts";
import type { NodeStatus, PeerStatus, ShardsStatus } from "../../target/target.ts";
import { controlState } from "../cluster/control.ts";
import type { ClusterRecord } from "../cluster/record.ts";
import { addressOf } from "../load/address.ts";
import { askedEvent } from "./asked-words.ts";
import { nodeEvent, NodeLog } from "./node-log.ts";

const CONTROL_WITHIN_MS = 2_000;
/** A node that has not answered by then is shown as down: the page must not freeze with it. */
const STATUS_WITHIN_MS = 500;
const SHARDS_WITHIN_MS = 1_000;
const SHARDS_EVERY_MS = 400;

/** A cluster that runs, seen through its supervisor's port, its nodes' HTTP ports and their logs. */
export class WatchedCluster {
  readonly record: ClusterRecord;
  readonly #dir: string;
  readonly #isOurs: boolean;
  readonly #logs = new Map<number, NodeLog>();
  readonly #last = new Map<number, NodeStatus>();
  /** What was asked before we began to watch is no news; -1: nothing is known yet. */
  #askedSeq = -1;
  readonly #shards: ShardAdmin | null;
  #shardsStatus: ShardsStatus | null = null;
  #shardsAskedAt = 0;

  constructor(dir: string, record: ClusterRecord, isOurs: boolean) {
    this.#dir = resolve(dir);
    this.record = record;
    this.#isOurs = isOurs;
    const { nodes, shards } = record;
    const isSharded = shards !== undefined;
    this.#shards = isSharded ? new ShardAdmin(addressOf(nodes, shards), SHARDS_WITHIN_MS) : null;
  }

  /** Null: the supervisor does not answer. */
  async look(): Promise<Look | null> {
    const state = await controlState(this.record, CONTROL_WITHIN_MS);
    if (state === null) return null;
    const ids = state.nodes.map(({ id }) => id);
    const [statuses, logged] = await Promise.all([this.#statuses(state), this.#logged(ids)]);
    this.#askShards();
    const asked = state.asked.filter(({ seq }) => seq > this.#askedSeq);
    this.#askedSeq = Math.max(this.#askedSeq, ...state.asked.map(({ seq }) => seq), 0);
    const events = [...logged, ...asked.map((one) => askedEvent(one, ids))];
    return {
      cluster: this.#info(state.hasFaultyLinks),
      nodes: statuses.map(viewOf),
      links: state.links,
      shards: this.#shardsStatus === null ? null : shardMap(this.#shardsStatus),
      committed: committedBy(statuses),
      events: events.sort((a, b) => a.atMs - b.atMs),
    };
  }

  close(): void {
    this.#shards?.close();
  }

  #info(hasFaultyLinks: boolean): ClusterInfo {
    const { clusterId, storage, fsync, shards = 0 } = this.record;
    return {
      ...{ clusterId, dir: this.#dir, isOurs: this.#isOurs },
      ...{ storage, fsync, hasFaultyLinks, shards },
    };
  }

  #statuses({ clusterId, nodes }: LiveState): Promise<readonly NodeStatus[]> {
    return Promise.all(
      nodes.map(async (node) => {
        const last = this.#last.get(node.id);
        if (node.state === "paused") return silentStatus(node, "paused", node.pid, last);
        const isUp = node.state === "running";
        const said = isUp ? await askStatus(node, clusterId, STATUS_WITHIN_MS) : null;
        if (said === null) return silentStatus(node, "down", node.pid, last);
        this.#last.set(node.id, said);
        return said;
      }),
    );
  }

  async #logged(ids: readonly number[]): Promise<readonly NewEvent[]> {
    for (const id of ids) {
      const path = join(this.#dir, `node-${id}`, "node.log");
      if (!this.#logs.has(id)) this.#logs.set(id, new NodeLog(path, id));
    }
    const added = await Promise.all([...this.#logs.values()].map((log) => log.added()));
    return added.flat().flatMap((event) => nodeEvent(event) ?? []);
  }

  /** In the background, and less often: it takes a request to every group. */
  #askShards(): void {
    const now = performance.now();
    if (this.#shards === null || now < this.#shardsAskedAt) return;
    this.#shardsAskedAt = Number.POSITIVE_INFINITY;
    void this.#shards
      .status()
      .catch(() => null)
      .then((status) => {
        if (status !== null) this.#shardsStatus = status;
        this.#shardsAskedAt = performance.now() + SHARDS_EVERY_MS;
      });
  }
}

function viewOf(status: NodeStatus): NodeView {
  const { id, role, term, commitIndex, appliedIndex, lastIndex, pid, httpPort } = status;
  const { durableIndex = lastIndex, snapshotIndex = 0, votedFor = 0, rssBytes = 0 } = status;
  return {
    ...{ id, role, term, commitIndex, appliedIndex, lastIndex, durableIndex, snapshotIndex },
    ...{ votedFor, pid, httpPort, rssBytes },
    peers: (status.peers ?? []).map(peerOf),
  };
}

const peerOf = ({ id, sent, matchIndex, nextIndex, state }: PeerStatus) => ({
  id,
  sent: {
    ...{ votes: sent.votes + sent.transfers, appends: sent.appends, heartbeats: sent.heartbeats },
    replies: sent.voteReplies + sent.appendReplies + sent.heartbeatReplies + sent.snapshotReplies,
    snapshots: sent.snapshots,
  },
  follower:
    matchIndex === undefined || nextIndex === undefined
      ? null
      : { matchIndex, nextIndex, state: state ?? "" },
});

/** The highest commitIndex of each group, added up. */
function committedBy(statuses: readonly NodeStatus[]): number {
  const byGroup = new Map<number, number>();
  for (const { commitIndex, groups } of statuses) {
    for (const { group, commitIndex: index } of groups ?? [{ group: 1, commitIndex }]) {
      byGroup.set(group, Math.max(byGroup.get(group) ?? 0, index));
    }
  }
  return [...byGroup.values()].reduce((sum, index) => sum + index, 0);
}
