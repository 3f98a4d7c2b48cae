import { NO_NODE } from "../lib/ids.ts";
import type { Result } from "../kv/state-machine.ts";
import type { Ports, Reply } from "./ports.ts";

const NO_BYTES = new Uint8Array(0);

/** Who waits for one answer, in order. */
type Asking = {
  readonly clients: readonly number[];
  readonly requestIds: readonly number[];
  /** Those of them that have it. */
  readonly answered?: number;
};

/** Answers the requests of one replica, and counts those that wait. */
export class Answers {
  readonly #ports: Pick<Ports, "reply">;
  /** Requests taken and not yet answered. */
  waiting = 0;
  /** Requests answered with a result, since the start. */
  served = 0;
  readonly #reply: Reply = {
    status: 0,
    leaderHint: NO_NODE,
    version: 0,
    index: 0,
    valueIn: NO_BYTES,
    valueAt: 0,
    valueBytes: 0,
  };

  constructor(ports: Pick<Ports, "reply">) {
    this.#ports = ports;
  }

  /** Of a request that waits: what became of it. */
  result(client: number, requestId: number, result: Result): void {
    const reply = this.#reply;
    reply.status = result.status;
    reply.leaderHint = NO_NODE;
    reply.version = result.version;
    reply.index = result.index;
    reply.valueIn = result.valueIn;
    reply.valueAt = result.valueAt;
    reply.valueBytes = result.valueBytes;
    this.waiting--;
    this.served++;
    this.#ports.reply(client, requestId, reply);
  }

  /** Of a request that was not taken. */
  status(client: number, requestId: number, status: number, leaderHint = NO_NODE): void {
    const reply = this.#reply;
    reply.status = status;
    reply.leaderHint = leaderHint;
    reply.version = reply.index = reply.valueAt = reply.valueBytes = 0;
    reply.valueIn = NO_BYTES;
    this.#ports.reply(client, requestId, reply);
  }

  /** Gives the rest of those who wait the same answer. */
  all({ clients, requestIds, answered = 0 }: Asking, status: number, leaderHint = NO_NODE): void {
    for (let i = answered; i < clients.length; i++) {
      this.waiting--;
      this.status(clients[i]!, requestIds[i]!, status, leaderHint);
    }
  }
}
