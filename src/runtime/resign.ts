import { asNode, NO_NODE, type NodeId } from "../lib/ids.ts";
import type { RaftDetails, RaftStatus } from "../raft/api.ts";
import type { AdminPort } from "./admin-port.ts";
import type { Groups } from "./groups.ts";
import type { Log } from "./logging.ts";

/** A node that is told to end hands over and answers for so long at most. */
const RESIGN_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 2;

export type ResignOptions = {
  readonly groups: Groups;
  readonly admin: Pick<AdminPort, "transfer">;
  readonly log: Log;
  /** To whom messages get out now. */
  readonly connected: () => readonly number[];
};

/**
 * What a node does before it ends in order: hands each group that it leads to the follower that has most
 * of its log, and waits until every request that it took is answered. It resolves when that is so, when
 * nobody is left who could take over or make up a majority with it, and after five seconds at the latest.
 *
 * What is not proposed when a transfer begins is refused with the next leader as a hint, and what is
 * proposed commits before (raft/transfer.ts): so nobody is left without knowing what became of a request.
 */
export async function resign(options: ResignOptions): Promise<void> {
  const { groups, admin, log, connected } = options;
  const { host } = groups;
  const startedAt = performance.now();
  /** Who is to lead each group. */
  const asked = new Map<number, number>();
  const isOver = (): boolean => performance.now() > startedAt + RESIGN_WITHIN_MS;
  while (!isOver()) {
    const led = [...host.groups].filter((id) => host.replica(id)!.soft.role === "leader");
    const others = new Set(connected());
    // Until they know their next leader: our vote may be one that it needs.
    let isHandingOver =
      others.size > 0 &&
      [...asked.keys()].some((group) => host.replica(group)!.soft.leaderId === NO_NODE);
    /** What a group still has to answer can never be committed. */
    let isCutOff = false;
    for (const group of led) {
      if (others.has(asked.get(group) ?? NO_NODE)) {
        isHandingOver = true;
        continue;
      }
      const status = host.replica(group)!.status();
      const to = successor(status, groups.details(group)!, others);
      if (to === null) {
        host.close();
        isCutOff ||= !canCommit(status, others);
        continue;
      }
      isHandingOver = true;
      asked.set(group, to);
      admin.transfer(group, to, ({ outcome }) => {
        if (outcome !== "done") asked.delete(group);
      });
    }
    if (!isHandingOver && (isCutOff || host.unanswered === 0)) break;
    await Bun.sleep(LOOK_EVERY_MS);
  }
  const tookMs = Math.round(performance.now() - startedAt);
  const { unanswered } = host;
  const handedOver = asked.size;
  const fields = { event: "resigned", handedOver, unanswered, tookMs };
  log.info(fields, unanswered === 0 ? "has answered all, and ends" : "ends, though some wait");
}

/** The connected voter with most of the log; null: there is none. */
function successor(
  { id, membership }: Pick<RaftStatus, "id" | "membership">,
  { followers }: Pick<RaftDetails, "followers">,
  connected: ReadonlySet<number>,
): NodeId | null {
  const able = followers.filter(
    (one) => one.id !== id && connected.has(one.id) && membership.voters.includes(one.id),
  );
  able.sort((a, b) => b.matchIndex - a.matchIndex || a.id - b.id);
  const [first] = able;
  return first === undefined ? null : asNode(first.id);
}

/** With the nodes that it reaches it makes up a majority: what it has proposed can still be answered. */
function canCommit(
  { id, membership }: Pick<RaftStatus, "id" | "membership">,
  connected: ReadonlySet<number>,
): boolean {
  return [membership.voters, membership.votersOutgoing].every((voters) => {
    const reached = voters.filter((voter) => voter === id || connected.has(voter)).length;
    return voters.length === 0 || 2 * reached > voters.length;
  });
}
