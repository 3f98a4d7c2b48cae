import { Clerk } from "../../client/clerk.ts";
import { type ClerkPorts, type Completion, DONE_FAIL, DONE_INFO } from "../../client/ports.ts";
import { FLAG_EXPECTED } from "../../kv/command.ts";
import { changeOp, type ConfigChange, encodeChange, encodeQuery } from "../../kv/config-changes.ts";
import { CONTROLLER_GROUP, decodeConfig, type ShardConfig } from "../../kv/shard-config.ts";
import { OP_QUERY } from "../../kv/shard-ops.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Response } from "../../wire/client.ts";
import { EVENT, type World } from "../world.ts";

const SLOTS = 32;
const TIMEOUT_MS = 4_000;
const ATTEMPT_TIMEOUT_MS = 300;

/** What the controller answered; null: nothing in time. */
export type ControllerAnswer = {
  readonly status: number;
  /** Of the newest config, or of the one asked for. */
  readonly num: number;
  readonly config: ShardConfig | null;
} | null;

/** Asks the shard controller, as operators do: many at once. */
export class Operator {
  readonly #world: World;
  readonly #clerk: Clerk;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #waiting = new Map<number, (answer: ControllerAnswer) => void>();
  #tickAt = Infinity;

  constructor(world: World, nodeIds: readonly number[], prng: Prng, send: ClerkPorts["send"]) {
    this.#world = world;
    const timeouts = { timeoutMs: TIMEOUT_MS, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS };
    this.#clerk = new Clerk(
      { slots: SLOTS, nodeIds, lanes: 1, homeShare: 0, prng, ...timeouts },
      { send, onDone: (slot, done) => this.#onDone(slot, done) },
    );
  }

  /** Asked for and not answered. */
  get busy(): number {
    return this.#waiting.size;
  }

  /**
   * Asks for a change; `expected`: only of that newest config, so that one that is asked for again counts
   * once. Without, it may count twice when an answer is lost. False: too many are out.
   */
  change(
    change: ConfigChange,
    expected: number | null,
    onAnswer: (answer: ControllerAnswer) => void,
  ): boolean {
    const flags = expected === null ? 0 : FLAG_EXPECTED;
    return this.#ask(changeOp(change), flags, expected ?? 0, encodeChange(change), onAnswer);
  }

  /** Asks for config `num`, null: the newest. */
  query(num: number | null, onAnswer: (answer: ControllerAnswer) => void): boolean {
    return this.#ask(OP_QUERY, 0, 0, encodeQuery(num), onAnswer);
  }

  onResponse(position: number, response: Response, body: Uint8Array): void {
    this.#clerk.onResponse(position, response, body, this.#world.now);
    this.#arm();
  }

  onClosed(position: number): void {
    this.#clerk.onClosed(position, 0, this.#world.now);
    this.#arm();
  }

  onOpened(position: number): void {
    this.#clerk.onOpened(position);
  }

  #ask(
    op: number,
    flags: number,
    expected: number,
    value: Uint8Array,
    onAnswer: (answer: ControllerAnswer) => void,
  ): boolean {
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    this.#waiting.set(slot, onAnswer);
    this.#clerk.ask(slot, CONTROLLER_GROUP, op, flags, expected, value, this.#world.now);
    this.#arm();
    return true;
  }

  #onDone(slot: number, done: Completion): void {
    const onAnswer = this.#waiting.get(slot)!;
    this.#waiting.delete(slot);
    this.#free.push(slot);
    const { outcome, status, version: num, valueIn, valueAt, valueBytes } = done;
    if (outcome === DONE_INFO || (outcome === DONE_FAIL && num < 0)) return onAnswer(null);
    const config = decodeConfig(valueIn.slice(valueAt, valueAt + valueBytes));
    onAnswer({ status, num, config });
  }

  #arm(): void {
    const at = this.#clerk.deadline();
    if (at >= this.#tickAt) return;
    this.#tickAt = at;
    this.#world.at(at, EVENT.clerk, 0, () => {
      if (this.#tickAt !== at) return;
      this.#tickAt = Infinity;
      this.#clerk.tick(this.#world.now);
      this.#arm();
    });
  }
}
