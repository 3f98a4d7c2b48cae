import type { Command } from "../../kv/command.ts";
import type { Response } from "../../wire/client.ts";
import { statusName } from "../../wire/errors.ts";
import type { HttpReply } from "../http/http-client-port.ts";
import { NodeDialer } from "../node-dialer.ts";

/** Requests that may be out to one node. */
const WAITING_MAX = 16_384;
/** Dead nodes refuse at once, and somebody else leads soon: another is then asked. */
const CONNECT_MS = 300;
const NO_VALUE = { version: 0, index: 0, value: new Uint8Array(0) };

/** What became of a request that brought no answer: it never left, or nobody knows. */
const NOT_SENT: HttpReply = { status: "notLeader", leaderHint: 0, ...NO_VALUE };
const UNKNOWN: HttpReply = { status: "timeout", leaderHint: 0, ...NO_VALUE };
const OVERLOADED: HttpReply = { status: "overloaded", leaderHint: 0, ...NO_VALUE };

type Waiting = {
  readonly group: number;
  readonly command: Command;
  readonly resolve: (reply: HttpReply) => void;
  readonly deadline: number;
  isSent: boolean;
};

/**
 * Requests of this node to the client port of another, over one connection that is there while it is
 * needed. What is asked in one turn leaves in one write.
 */
export class RemoteNode {
  readonly #dialer: NodeDialer;
  readonly #now: () => number;
  readonly #onGone: () => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #timer: Timer;
  readonly #createdAt: number;
  #nextId = 1;
  #isOpen = false;
  #isFlushing = false;
  #isStopped = false;

  /** `onGone`: the connection is lost, or could not be had; make another one for the next request. */
  constructor(
    address: { readonly host: string; readonly clientPort: number },
    now: () => number,
    onGone: () => void,
    onFatal: (error: unknown) => void,
  ) {
    this.#now = now;
    this.#onGone = onGone;
    this.#createdAt = now();
    this.#dialer = new NodeDialer(address.host, address.clientPort, {
      onOpen: () => this.#opened(),
      onResponse: (response, body) => this.#answered(response, body),
      onClose: () => this.#gone(),
      onFatal,
    });
    this.#timer = setInterval(() => this.#expire(), 50);
  }

  /**
   * Resolves with the node's answer; with `notLeader` when the request never left; with `timeout` when it did
   * and no answer will come, or none has by `deadline`. Never rejects.
   */
  request(group: number, command: Command, deadline: number): Promise<HttpReply> {
    if (this.#isStopped) return Promise.resolve(NOT_SENT);
    if (this.#waiting.size >= WAITING_MAX) return Promise.resolve(OVERLOADED);
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
      const waiting: Waiting = { group, command, resolve, deadline, isSent: false };
      this.#waiting.set(id, waiting);
      if (this.#isOpen) this.#send(id, waiting);
    });
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#dialer.stop();
    for (const { resolve, isSent } of this.#waiting.values()) resolve(isSent ? UNKNOWN : NOT_SENT);
    this.#waiting.clear();
  }

  #opened(): void {
    this.#isOpen = true;
    for (const [id, waiting] of this.#waiting) this.#send(id, waiting);
  }

  #send(id: number, waiting: Waiting): void {
    if (!this.#dialer.request(waiting.group, id, waiting.command)) {
      this.#waiting.delete(id);
      waiting.resolve(OVERLOADED);
      return;
    }
    waiting.isSent = true;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#isStopped) this.#dialer.flush();
    });
  }

  #answered(response: Response, body: Uint8Array): void {
    const { requestId, status, leaderHint, version, index, valueAt, valueBytes } = response;
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return;
    this.#waiting.delete(requestId);
    // A status of a newer node says nothing that may be relied on.
    const name = statusName(status) ?? "timeout";
    const value = body.subarray(valueAt, valueAt + valueBytes);
    waiting.resolve({ status: name, leaderHint, version, index, value });
  }

  #gone(): void {
    this.stop();
    this.#onGone();
  }

  #expire(): void {
    const now = this.#now();
    if (!this.#isOpen && now - this.#createdAt > CONNECT_MS) return this.#gone();
    for (const [id, { deadline, resolve, isSent }] of this.#waiting) {
      if (now < deadline) continue;
      this.#waiting.delete(id);
      resolve(isSent ? UNKNOWN : NOT_SENT);
    }
  }
}
