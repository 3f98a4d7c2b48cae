import type { Host } from "../replica/host.ts";
import { Liveness } from "../replica/liveness.ts";
import type { NodeConfigFile } from "./config.ts";
import type { TcpTransport } from "./tcp-transport.ts";

/** What watches for the groups of a node which others live; null in a cluster of one group, which never sleeps. */
export function nodeLiveness(
  { sharding, raft }: NodeConfigFile,
  transport: TcpTransport,
  host: Host,
  now: number,
): Liveness | null {
  if (sharding === undefined) return null;
  const boot = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const liveness = new Liveness(
    {
      tell: (peer) => transport.tellAlive(peer, boot),
      suspect: (peer) => host.suspect(peer),
      electionTimeoutMinMs: raft?.electionTimeoutMinMs,
    },
    now,
  );
  liveness.follow(transport.peers, now);
  return liveness;
}
