import type { ClusterEvent } from "../target.ts";

/** etcd numbers its members at random; its log calls them by that number, in hexadecimal. */
const BECAME_LEADER = /^[0-9a-f]+ became leader at term (\d+)$/;
const BECAME_FOLLOWER = /^[0-9a-f]+ became follower at term (\d+)$/;
const STARTED = "starting an etcd server";

/** The event that a line of etcd's log (zap, JSON) tells of; null: none. */
export function parseEtcdEvent(line: string, node: number): ClusterEvent | null {
  let said: { readonly ts?: unknown; readonly msg?: unknown };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    return null; // Cut short by a crash, or no line of etcd's.
  }
  const { ts, msg } = said;
  if (typeof ts !== "string" || typeof msg !== "string") return null;
  const atUs = Date.parse(ts) * 1000;
  if (msg === STARTED) return { atUs, node, kind: "started", term: 0 };
  const leader = BECAME_LEADER.exec(msg);
  if (leader !== null) return { atUs, node, kind: "becameLeader", term: Number(leader[1]) };
  const follower = BECAME_FOLLOWER.exec(msg);
  if (follower !== null) return { atUs, node, kind: "termChanged", term: Number(follower[1]) };
  return null;
}
