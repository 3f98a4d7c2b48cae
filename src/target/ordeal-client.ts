import { Clerk } from "../client/clerk.ts";
import type { ClerkOptions, ClerkPorts } from "../client/ports.ts";
import { ShardRouter } from "../client/shard-router.ts";
import { ClientConnection } from "./client-connection.ts";
import { NodeConnections } from "./connected.ts";
import type { ProtocolClient, StoreClientEvents, StoreClientOptions } from "./store-client.ts";

/** Silence after which a clerk tries another node. A retry is harmless: sessions make it count once. */
const ATTEMPT_TIMEOUT_MS = 300;

/**
 * Ordeal's own protocol over connections that its slots share: a clerk, or for a sharded cluster a
 * router, which finds out itself where the shards are.
 */
export class OrdealClient implements ProtocolClient {
  readonly clerk: Clerk | ShardRouter;
  readonly connections: NodeConnections<ClientConnection>;

  constructor(options: StoreClientOptions, events: StoreClientEvents) {
    const { address, clients, connections, timeoutMs, homeShare, overloadRetries, prng } = options;
    const clerkOptions: ClerkOptions = {
      slots: clients,
      nodeIds: address.nodes.map((node) => node.id),
      lanes: connections,
      ...{ timeoutMs, homeShare, overloadRetries, prng },
      attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, timeoutMs),
    };
    const ports: ClerkPorts = {
      send: (node, lane, id, command, group) =>
        this.connections.of[node]![lane]!.request(id, command, group),
      onDone: events.onDone,
    };
    this.clerk =
      address.shards === undefined
        ? new Clerk(clerkOptions, ports)
        : new ShardRouter(address.shards, clerkOptions, ports);
    this.connections = new NodeConnections(address.nodes.length, connections, (node, lane) => {
      const { host, port } = address.nodes[node]!;
      return new ClientConnection(host, port, {
        onOpen: () => {
          this.clerk.onOpened(node);
          this.connections.opened();
        },
        onResponse: (response, body, now) => {
          this.clerk.onResponse(node, response, body, now);
          events.onInput();
        },
        onClose: () => {
          this.clerk.onClosed(node, lane, performance.now());
          events.onInput();
        },
      });
    });
  }
}
