import { broken } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import type { Response } from "../wire/client.ts";
import { Clerk } from "./clerk.ts";
import { type ClerkPorts, type Completion, DONE_FAIL, DONE_INFO } from "./ports.ts";
import type { Routing } from "./routing.ts";

const SLOTS = 256;
const TIMEOUT_MS = 2_000;
const ATTEMPT_TIMEOUT_MS = 300;

/** The answer of a group's leader; null: none came in time. Valid during the call. */
export type AskReply = {
  readonly status: number;
  readonly version: number;
  readonly value: Uint8Array;
};
export type OnReply = (reply: AskReply | null, now: number) => void;

/** Asks groups as a whole, many at once: a clerk whose slots are handed out as they are needed. */
export class Asker {
  readonly #clerk: Clerk;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #waiting: (OnReply | null)[] = new Array<OnReply | null>(SLOTS).fill(null);

  constructor(nodeIds: readonly number[], prng: Prng, send: ClerkPorts["send"], routing: Routing) {
    const timeouts = { timeoutMs: TIMEOUT_MS, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS };
    const options = { slots: SLOTS, nodeIds, lanes: 1, homeShare: 0, prng, ...timeouts };
    const onDone = (slot: number, done: Completion, now: number) => this.#onDone(slot, done, now);
    this.#clerk = new Clerk(options, { send, onDone }, routing);
  }

  /** Asks; `onReply` is called once, never within this call unless no node can be reached. False: too many are out. */
  ask(
    group: number,
    op: number,
    expected: number,
    value: Uint8Array,
    now: number,
    onReply: OnReply,
  ): boolean {
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    if (this.#waiting[slot] !== null) broken(`slot ${slot} is free`);
    this.#waiting[slot] = onReply;
    this.#clerk.ask(slot, group, op, 0, expected, value, now);
    return true;
  }

  onResponse(node: number, response: Response, body: Uint8Array, now: number): void {
    this.#clerk.onResponse(node, response, body, now);
  }

  onClosed(node: number, now: number): void {
    this.#clerk.onClosed(node, 0, now);
  }

  onOpened(node: number): void {
    this.#clerk.onOpened(node);
  }

  tick(now: number): void {
    this.#clerk.tick(now);
  }

  deadline(): number {
    return this.#clerk.deadline();
  }

  #onDone(slot: number, done: Completion, now: number): void {
    const onReply = this.#waiting[slot]!;
    this.#waiting[slot] = null;
    this.#free.push(slot);
    const { outcome, status, version, valueIn, valueAt, valueBytes } = done;
    if (outcome === DONE_FAIL || outcome === DONE_INFO) return onReply(null, now);
    onReply({ status, version, value: valueIn.subarray(valueAt, valueAt + valueBytes) }, now);
  }
}
