import type { Command } from "../kv/command.ts";
import type { Response } from "../wire/client.ts";
import { ClientConnection } from "./client-connection.ts";
import { connectedNodes } from "./connected.ts";
import type { ClusterAddress } from "./target.ts";

/** As ClientConnectionEvents; `node` is an index into the address's nodes. */
export type ClientPoolEvents = {
  onOpen(node: number): void;
  onResponse(node: number, response: Response, body: Uint8Array, now: number): void;
  onClose(node: number, lane: number): void;
};

/** Connections to every node of a cluster, `lanes` to each, that stay up as far as the nodes let them. */
export class ClientPool {
  readonly #connections: readonly (readonly ClientConnection[])[];
  readonly #nodes: number;
  #onProgress: () => void = () => {};

  constructor(address: ClusterAddress, lanes: number, events: ClientPoolEvents) {
    this.#nodes = address.nodes.length;
    this.#connections = address.nodes.map(({ host, port }, node) =>
      Array.from(
        { length: lanes },
        (_, lane) =>
          new ClientConnection(host, port, {
            onOpen: () => {
              events.onOpen(node);
              this.#onProgress();
            },
            onResponse: (response, body, now) => events.onResponse(node, response, body, now),
            onClose: () => events.onClose(node, lane),
          }),
      ),
    );
  }

  /** Queues a request. False: that connection is down, or too much is queued on it. */
  send(node: number, lane: number, requestId: number, command: Command): boolean {
    return this.#connections[node]![lane]!.request(requestId, command);
  }

  /**
   * Resolves with the number of nodes connected on all lanes: as soon as that is all of them, after
   * `graceMs` if it is a majority, after `withinMs` in any case.
   */
  connected(graceMs: number, withinMs: number): Promise<number> {
    const onProgress = (check: () => void): void => void (this.#onProgress = check);
    const openNodes = (): number => this.#openNodes();
    return connectedNodes(this.#nodes, openNodes, onProgress, graceMs, withinMs);
  }

  /** Ends all connections for good. */
  close(): void {
    for (const lanes of this.#connections) for (const connection of lanes) connection.close();
  }

  #openNodes(): number {
    return this.#connections.filter((lanes) => lanes.every((c) => c.isOpen)).length;
  }
}
