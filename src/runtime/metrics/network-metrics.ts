import type { MessageCounts, PeerTraffic } from "../peer-traffic.ts";
import { doublings, type Metric, type Reading } from "./metric.ts";
import type { Sample } from "./metrics-source.ts";

const ofPeers =
  <T>(label: "To" | "From", read: (traffic: PeerTraffic) => T) =>
  ({ traffic }: Sample): Reading<T>[] =>
    [...traffic].map(([id, one]) => [{ [label]: id }, read(one)]);

const perPeer = (
  name: string,
  help: string,
  label: "To" | "From",
  read: (traffic: PeerTraffic) => number,
): Metric => ({ kind: "counter", name, help, labels: [label], read: ofPeers(label, read) });

const perKind = (
  name: string,
  help: string,
  label: "To" | "From",
  read: (traffic: PeerTraffic) => MessageCounts,
): Metric => ({
  ...{ kind: "counter", name, help, labels: [label, "kind"] },
  read: ({ traffic }) =>
    [...traffic].flatMap(([id, one]) =>
      Object.entries(read(one)).map(([kind, count]) => [{ [label]: id, kind }, count] as const),
    ),
});

/** What goes between this node and each other one. `To` and `From` are ids of nodes, as in etcd. */
export const NETWORK_METRICS: readonly Metric[] = [
  {
    kind: "gauge",
    name: "ordeal_network_active_peers",
    help: "1: messages get out to the peer now.",
    labels: ["Local", "Remote"],
    read: ({ status }) =>
      status.peers.map(({ id, isConnected }) => [
        { Local: status.id, Remote: id },
        isConnected ? 1 : 0,
      ]),
  },
  perPeer(
    "ordeal_network_peer_sent_bytes_total",
    "Bytes sent to the peer.",
    "To",
    (one) => one.sentBytes,
  ),
  perPeer(
    "ordeal_network_peer_received_bytes_total",
    "Bytes received from the peer.",
    "From",
    (one) => one.receivedBytes,
  ),
  perPeer(
    "ordeal_network_peer_sent_failures_total",
    "Messages for the peer that were dropped: no connection, or a full one.",
    "To",
    (one) => one.droppedMessages,
  ),
  perKind(
    "ordeal_network_peer_sent_messages_total",
    "Messages sent to the peer, by kind, of all groups.",
    "To",
    (one) => one.sent,
  ),
  perKind(
    "ordeal_network_peer_received_messages_total",
    "Messages received from the peer, by kind, of all groups.",
    "From",
    (one) => one.received,
  ),
  {
    kind: "histogram",
    name: "ordeal_network_peer_round_trip_time_seconds",
    help: "From a heartbeat to its answer, turns of both nodes included. Only a leader has new ones.",
    labels: ["To"],
    bounds: doublings(0.0001, 16),
    read: ofPeers("To", (one) => one.roundTripUs),
  },
];
