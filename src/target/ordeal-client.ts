import { Clerk } from "../client/clerk.ts";
import type { OpCode } from "../kv/command.ts";
import { ClientPool } from "./client-pool.ts";
import type { StoreClient, StoreClientEvents, StoreClientOptions } from "./store-client.ts";

/** Silence after which a clerk tries another node. A retry is harmless: sessions make it count once. */
const ATTEMPT_TIMEOUT_MS = 300;

/** Ordeal's own protocol: a clerk over a pool of connections. */
export class OrdealClient implements StoreClient {
  readonly #clerk: Clerk;
  readonly #pool: ClientPool;

  constructor(options: StoreClientOptions, events: StoreClientEvents) {
    const { address, clients, connections, timeoutMs, homeShare, prng } = options;
    this.#clerk = new Clerk(
      {
        slots: clients,
        nodeIds: address.nodes.map((node) => node.id),
        lanes: connections,
        ...{ timeoutMs, homeShare, prng },
        attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, timeoutMs),
      },
      {
        send: (node, lane, id, command) => this.#pool.send(node, lane, id, command),
        onDone: events.onDone,
      },
    );
    this.#pool = new ClientPool(address, connections, {
      onOpen: (node) => this.#clerk.onOpened(node),
      onResponse: (node, response, body, now) => {
        this.#clerk.onResponse(node, response, body, now);
        events.onInput();
      },
      onClose: (node, lane) => {
        this.#clerk.onClosed(node, lane, performance.now());
        events.onInput();
      },
    });
  }

  start(
    slot: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
    now: number,
  ): void {
    this.#clerk.start(slot, op, flags, expected, key, value, now);
  }

  tick(now: number): void {
    this.#clerk.tick(now);
  }

  deadline(): number {
    return this.#clerk.deadline();
  }

  connected(graceMs: number, withinMs: number): Promise<number> {
    return this.#pool.connected(graceMs, withinMs);
  }

  close(): void {
    this.#pool.close();
  }
}
