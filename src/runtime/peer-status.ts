import type { FollowerStatus } from "../raft/api.ts";
import type { MessageCounts } from "./peer-traffic.ts";
import type { TcpTransport } from "./tcp-transport.ts";

/** What a node says of one other node. All counts are since the start of its process. */
export type PeerStatus = {
  readonly id: number;
  /** Messages get out to it now: the connection on which this node sends is up. */
  readonly isConnected: boolean;
  /** Milliseconds since anything came from it; null: nothing ever has. */
  readonly lastHeardMs: number | null;
  /** Of the peer protocol, as it was agreed on last; null: it never was. Absent: a build that does not tell. */
  readonly wireVersion?: number | null;
  readonly sent: Readonly<MessageCounts>;
  readonly received: Readonly<MessageCounts>;
  /** Messages for it that were dropped: no connection, or a full one. */
  readonly droppedMessages: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /**
   * The leader's view of a follower or learner of group 1; absent: this node does not lead it. Entries up to
   * matchIndex are known to be in the peer's log, the next append to it begins at nextIndex.
   */
  readonly matchIndex?: number;
  readonly nextIndex?: number;
  readonly state?: FollowerStatus["state"];
};

/** One for every other node, ascending by id. */
export function peerStatuses(
  transport: TcpTransport,
  followers: readonly FollowerStatus[],
): readonly PeerStatus[] {
  const connected = transport.connectedPeers;
  return [...transport.traffic]
    .map(([id, traffic]) => {
      const { lastHeardMs, sent, received, droppedMessages, sentBytes, receivedBytes } = traffic;
      const follower = followers.find((one) => one.id === id);
      return {
        ...{ id, isConnected: connected.includes(id), lastHeardMs },
        wireVersion: transport.versionWith(id),
        ...{ sent: { ...sent }, received: { ...received } },
        ...{ droppedMessages, sentBytes, receivedBytes },
        ...(follower && {
          matchIndex: follower.matchIndex,
          nextIndex: follower.nextIndex,
          state: follower.state,
        }),
      };
    })
    .sort((a, b) => a.id - b.id);
}
