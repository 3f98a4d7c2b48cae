/**
 * The registry of frame kinds. A number is never reused. `docs/wire.md` is generated from it, and
 * the round-trip tests walk it, so a kind without a codec fails them.
 *
 * 1-15 connection set-up and peers (Raft), 16-31 clients.
 */
export const KIND = {
  handshake: 1,
  handshakeReply: 2,
  voteRequest: 3,
  voteResponse: 4,
  appendEntries: 5,
  appendResponse: 6,
  heartbeat: 7,
  heartbeatResponse: 8,
  installSnapshot: 9,
  snapshotResponse: 10,
  timeoutNow: 11,
  heartbeats: 12,
  heartbeatResponses: 13,
  alive: 14,
  clientRequests: 16,
  clientResponses: 17,
  clusterRequest: 18,
  clusterReply: 19,
  auth: 20,
  authReply: 21,
} as const;

export type KindName = keyof typeof KIND;

const NAMES = new Map<number, KindName>(
  Object.entries(KIND).map(([name, kind]) => [kind, name as KindName]),
);

/** The name of a frame kind, or undefined for a number that no kind has. */
export const kindName = (kind: number): KindName | undefined => NAMES.get(kind);
