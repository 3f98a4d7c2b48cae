import { Clerk } from "../client/clerk.ts";
import { ClientConnection } from "./client-connection.ts";
import { NodeConnections } from "./connected.ts";
import type { ProtocolClient, StoreClientEvents, StoreClientOptions } from "./store-client.ts";

/** Silence after which a clerk tries another node. A retry is harmless: sessions make it count once. */
const ATTEMPT_TIMEOUT_MS = 300;

/** Ordeal's own protocol: a clerk over connections that its slots share. */
export class OrdealClient implements ProtocolClient {
  readonly clerk: Clerk;
  readonly connections: NodeConnections<ClientConnection>;

  constructor(options: StoreClientOptions, events: StoreClientEvents) {
    const { address, clients, connections, timeoutMs, homeShare, prng } = options;
    this.clerk = new Clerk(
      {
        slots: clients,
        nodeIds: address.nodes.map((node) => node.id),
        lanes: connections,
        ...{ timeoutMs, homeShare, prng },
        attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, timeoutMs),
      },
      {
        send: (node, lane, id, command) => this.connections.of[node]![lane]!.request(id, command),
        onDone: events.onDone,
      },
    );
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
