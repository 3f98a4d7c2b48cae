import type { MessageCounts, PeerTraffic } from "../peer-traffic.ts";
import { doublings, type Metric, type Reading } from "./metric.ts";
import type { Sample } from "./metrics-source.ts";

const ofPeers =
  <T>(label: "To" | "From", read: (traffic: PeerTraffic) => T) =>
  ({ traffic }: Sample): Reading<T>[] =>
    [...traffic].map(([id, one]) => [{ [label]: id }, read(one)]);

const ofKinds =
  (label: "To" | "From", read: (traffic: PeerTraffic) => MessageCounts) =>
  ({ traffic }: Sample): Reading<number>[] =>
    [...traffic].flatMap(([id, one]) =>
      Object.entries(read(one)).map(([kind, count]) => [{ [label]: id, kind }, count] as const),
    );

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
  {
    kind: "counter",
    name: "ordeal_network_peer_sent_bytes_total",
    help: "Bytes sent to the peer.",
    labels: ["To"],
    read: ofPeers("To", (one) => one.sentBytes),
  },
  {
    kind: "counter",
    name: "ordeal_network_peer_received_bytes_total",
    help: "Bytes received from the peer.",
    labels: ["From"],
    read: ofPeers("From", (one) => one.receivedBytes),
  },
  {
    kind: "counter",
    name: "ordeal_network_peer_sent_failures_total",
    help: "Messages for the peer that were dropped: no connection, or a full one.",
    labels: ["To"],
    read: ofPeers("To", (one) => one.droppedMessages),
  },
  {
    kind: "counter",
    name: "ordeal_network_peer_sent_messages_total",
    help: "Messages sent to the peer, by kind, of all groups.",
    labels: ["To", "kind"],
    read: ofKinds("To", (one) => one.sent),
  },
  {
    kind: "counter",
    name: "ordeal_network_peer_received_messages_total",
    help: "Messages received from the peer, by kind, of all groups.",
    labels: ["From", "kind"],
    read: ofKinds("From", (one) => one.received),
  },
  {
    kind: "histogram",
    name: "ordeal_network_peer_round_trip_time_seconds",
    help: "From a heartbeat to its answer, turns of both nodes included. Only a leader has new ones.",
    labels: ["To"],
    bounds: doublings(0.0001, 16),
    read: ofPeers("To", (one) => one.roundTripUs),
  },
];
