import { type Command, commandBytes, writeCommand } from "../../kv/command.ts";
import type { GroupClientPort } from "../../replica/host.ts";
import type { Reply } from "../../replica/ports.ts";
import { type StatusName, statusName } from "../../wire/errors.ts";

/** The client id under which all HTTP requests reach the replica. Connections count from 1. */
export const HTTP_CLIENT = 0;
const UNANSWERED_MAX = 4096;

/** One answer, with a value of its own. */
export type HttpReply = {
  readonly status: StatusName;
  readonly leaderHint: number;
  readonly version: number;
  readonly index: number;
  readonly value: Uint8Array;
};

const NOTHING = { leaderHint: 0, version: 0, index: 0, value: new Uint8Array(0) };

/** Turns requests into promises. For people and tools: the load goes through the binary port. */
export class HttpClientPort {
  readonly #requests: GroupClientPort;
  readonly #onBurst: () => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, (reply: HttpReply) => void>();
  #nextId = 1;

  constructor(requests: GroupClientPort, onBurst: () => void, timeoutMs = 5000) {
    this.#requests = requests;
    this.#onBurst = onBurst;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves with the answer of the group, or after a while with `timeout`. Never rejects. */
  request(group: number, command: Command): Promise<HttpReply> {
    if (this.#waiting.size >= UNANSWERED_MAX) {
      return Promise.resolve({ ...NOTHING, status: "overloaded" });
    }
    const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
    const view = new DataView(bytes.buffer);
    writeCommand(bytes, view, 0, command);
    const requestId = this.#nextId;
    this.#nextId = requestId === 0xffff_ffff ? 1 : requestId + 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(requestId);
        resolve({ ...NOTHING, status: "timeout" });
      }, this.#timeoutMs);
      this.#waiting.set(requestId, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.#requests.request(group, HTTP_CLIENT, requestId, bytes, view, 0, bytes.length);
      this.#onBurst();
    });
  }

  /** Takes the replica's answer to one request. */
  reply(requestId: number, reply: Reply): void {
    const resolve = this.#waiting.get(requestId);
    if (resolve === undefined) return;
    this.#waiting.delete(requestId);
    resolve({
      status: statusName(reply.status)!,
      leaderHint: reply.leaderHint,
      version: reply.version,
      index: reply.index,
      value: reply.valueIn.slice(reply.valueAt, reply.valueAt + reply.valueBytes),
    });
  }

  /** Answers all who wait: their outcome is not known. */
  stop(): void {
    for (const resolve of this.#waiting.values()) {
      resolve({ ...NOTHING, status: "timeout" });
    }
    this.#waiting.clear();
  }
}
