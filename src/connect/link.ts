import { Clerk } from "../client/clerk.ts";
import type { ClerkOptions, ClerkPorts, Completion } from "../client/ports.ts";
import { ShardRouter } from "../client/shard-router.ts";
import type { OpCode } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import type { Credentials } from "../security/credentials.ts";
import { ClientConnection, type ClientConnectionEvents } from "../target/client-connection.ts";
import { NodeConnections } from "../target/connected.ts";
import { STATUS } from "../wire/errors.ts";
import type { ClusterView } from "./types.ts";

/** Silence of a node after which a clerk asks another one. */
const ATTEMPT_TIMEOUT_MS = 300;

/** One operation on its way. */
export type Operation = {
  readonly op: OpCode;
  readonly flags: number;
  readonly expected: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** performance.now() of its end. */
  readonly deadlineAt: number;
  /** `done` is valid during the call. */
  readonly onDone: (done: Completion) => void;
};

export type LinkOptions = {
  readonly view: ClusterView;
  readonly slots: number;
  readonly timeoutMs: number;
  /** Null: in plain text. */
  readonly credentials: Credentials | null;
  /** A slot has become free. */
  readonly onFree: () => void;
  /** Something has happened: `deadline` may be another. */
  readonly onInput: () => void;
  /** A connection that was up has ended, or an operation has not been answered in time. */
  readonly onLost: () => void;
};

/**
 * A clerk with its connections to the nodes of a cluster as it was described once. When the cluster has
 * other nodes, there is another link; this one ends with the operations that it has.
 */
export class Link {
  readonly view: ClusterView;
  readonly #clerk: Clerk | ShardRouter;
  readonly #connections: NodeConnections<ClientConnection>;
  /** The lowest on top: the fewer slots are used, the fewer sessions are opened. */
  readonly #free: number[];
  readonly #running = new Map<number, Operation>();

  constructor({ view, slots, timeoutMs, credentials, onFree, onInput, onLost }: LinkOptions) {
    this.view = view;
    this.#free = Array.from({ length: slots }, (_, i) => slots - 1 - i);
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const options: ClerkOptions = {
      ...{ slots, lanes: 1, homeShare: 0, prng: new Prng(seed), timeoutMs },
      nodeIds: view.nodes.map(({ id }) => id),
      attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, timeoutMs),
    };
    const ports: ClerkPorts = {
      send: (node, lane, id, command, group) =>
        this.#connections.of[node]![lane]!.request(id, command, group),
      onDone: (slot, done) => {
        const operation = this.#running.get(slot)!;
        this.#running.delete(slot);
        this.#free.push(slot);
        operation.onDone(done);
        if (done.status === STATUS.timeout.code) onLost();
        onFree();
      },
    };
    this.#clerk =
      view.shards === 0 ? new Clerk(options, ports) : new ShardRouter(view.shards, options, ports);
    this.#connections = new NodeConnections(view.nodes.length, 1, (node, lane) => {
      const { host, port } = view.nodes[node]!;
      const events: ClientConnectionEvents = {
        onOpen: () => this.#clerk.onOpened(node),
        onResponse: (response, body, now) => {
          this.#clerk.onResponse(node, response, body, now);
          onInput();
        },
        onClose: () => {
          this.#clerk.onClosed(node, lane, performance.now());
          onInput();
          onLost();
        },
      };
      return new ClientConnection(host, port, events, undefined, credentials);
    });
  }

  get busy(): number {
    return this.#running.size;
  }

  /** How many of its nodes are connected now. */
  get connected(): number {
    return this.#connections.of.filter((lanes) => lanes[0]!.isOpen).length;
  }

  /** False: no slot is free. `onDone` may be called within. */
  start(operation: Operation): boolean {
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    const { op, flags, expected, key, value, deadlineAt } = operation;
    const now = performance.now();
    this.#running.set(slot, operation);
    this.#clerk.start(slot, op, flags, expected, key, value, now, deadlineAt - now);
    return true;
  }

  /** Ends an operation that runs now; its outcome is what is known of it. False: it does not run here. */
  cancel(operation: Operation): boolean {
    for (const [slot, running] of this.#running) {
      if (running !== operation) continue;
      this.#clerk.cancel(slot, performance.now());
      return true;
    }
    return false;
  }

  /** Gives back those operations that surely have had no effect and wait for a node to send them to. */
  withdraw(): readonly Operation[] {
    const withdrawn = [...this.#running].filter(([slot]) => this.#clerk.withdraw(slot));
    for (const [slot] of withdrawn) {
      this.#running.delete(slot);
      this.#free.push(slot);
    }
    return withdrawn.map(([, operation]) => operation);
  }

  deadline(): number {
    return this.#running.size === 0 ? Infinity : this.#clerk.deadline();
  }

  tick(now: number): void {
    this.#clerk.tick(now);
  }

  /** Ends all operations, as `cancel` does, and the connections. */
  close(): void {
    for (const operation of this.#running.values()) this.cancel(operation);
    this.#connections.close();
  }
}
