import { FLAG_LOCAL, isReadOp, type OpCode } from "../kv/command.ts";
import { assert, broken } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { STATUS } from "../wire/errors.ts";
import { setFailure } from "./completion.ts";
import { type Completion, DONE_FAIL, DONE_INFO, newCompletion } from "./ports.ts";
import { SlotAlarms } from "./slot-alarms.ts";

const IDLE = 0;
const WAITING = 1;
const SENT = 2;

const NO_BYTES: Uint8Array = new Uint8Array(0);
/** How long a node that is silent, unreachable or refuses is passed over while there are others. */
const AVOID_MS = 500;
const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 50;
/** Attempts of a slot are numbered modulo this: a reply that comes so much too late is not possible. */
const ATTEMPTS = 1 << 20;

/** What became of an attempt that brought no result. */
export type Refusal =
  /** It did not take effect, and never will; another node may take it. */
  | "refused"
  /** It may have taken effect, or may yet. */
  | "unsure"
  /** It did not take effect, and no node will ever take it. */
  | "invalid";

/** The operation of a slot, read in place: its fields are arrays, indexed by the slot. */
export type PlainOps = {
  readonly op: Uint8Array;
  readonly flags: Uint8Array;
  readonly expected: Float64Array;
  readonly key: readonly Uint8Array[];
  readonly value: readonly Uint8Array[];
};

export type PlainClerkOptions = {
  readonly slots: number;
  readonly nodes: number;
  readonly timeoutMs: number;
  /** A node that has said nothing for so long is passed over, and reads go elsewhere. */
  readonly attemptTimeoutMs: number;
  /**
   * `any`: every node takes every operation, and slots spread over them. `leader`: only one does;
   * the share `homeShare` of the operations asks the slot's own node first all the same.
   */
  readonly route: "any" | "leader";
  readonly homeShare: number;
  readonly prng: Prng;
};

export type PlainClerkPorts = {
  /** Sends the slot's operation; false: that node is not connected, and nothing was sent. */
  send(node: number, slot: number, attempt: number, ops: PlainOps): boolean;
  /** Nobody waits for the slot's attempt any more. */
  cancel(slot: number): void;
  onDone(slot: number, done: Completion, now: number): void;
};

/**
 * The clerk for systems without sessions, where a repeated write could take effect twice: a write is
 * sent again only after it was refused for sure, and ends as DONE_INFO when it got lost. Reads are
 * repeated until they succeed or their time is up. Otherwise as Clerk (clerk.ts), sans-I/O too.
 */
export class PlainClerk {
  readonly #options: PlainClerkOptions;
  readonly #ports: PlainClerkPorts;
  readonly #stage: Uint8Array;
  readonly #attempt: Uint32Array;
  readonly #sentTo: Int32Array;
  readonly #tries: Uint8Array;
  readonly #atHome: Uint8Array;
  readonly #alarms: SlotAlarms;
  readonly #avoidUntil: Float64Array;
  readonly #heardAt: Float64Array;
  readonly #ops: {
    op: Uint8Array;
    flags: Uint8Array;
    expected: Float64Array;
    key: Uint8Array[];
    value: Uint8Array[];
  };
  #leader = 0;
  readonly #done = newCompletion();

  constructor(options: PlainClerkOptions, ports: PlainClerkPorts) {
    const { slots, nodes } = options;
    assert(slots > 0 && nodes > 0, "a clerk needs slots and nodes");
    this.#options = options;
    this.#ports = ports;
    this.#stage = new Uint8Array(slots);
    this.#attempt = new Uint32Array(slots);
    this.#sentTo = new Int32Array(slots);
    this.#tries = new Uint8Array(slots);
    this.#atHome = new Uint8Array(slots);
    this.#alarms = new SlotAlarms(slots);
    this.#avoidUntil = new Float64Array(nodes);
    this.#heardAt = new Float64Array(nodes).fill(Number.NEGATIVE_INFINITY);
    this.#ops = {
      op: new Uint8Array(slots),
      flags: new Uint8Array(slots),
      expected: new Float64Array(slots),
      key: new Array<Uint8Array>(slots).fill(NO_BYTES),
      value: new Array<Uint8Array>(slots).fill(NO_BYTES),
    };
  }

  /**
   * Starts an operation of an idle slot. `key` and `value` must not change until its onDone. `flags`
   * and `expected` as in kv/command.ts.
   */
  start(
    slot: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
    now: number,
  ): void {
    if (this.#stage[slot] !== IDLE) broken(`slot ${slot} is busy`);
    const { homeShare, prng } = this.#options;
    const ops = this.#ops;
    ops.op[slot] = op;
    ops.flags[slot] = flags;
    ops.expected[slot] = expected;
    ops.key[slot] = key;
    ops.value[slot] = value;
    this.#tries[slot] = 0;
    this.#atHome[slot] = Number(homeShare > 0 && prng.chance(homeShare));
    this.#alarms.begin(slot, now + this.#options.timeoutMs);
    this.#send(slot, now);
  }

  /** Whether the slot still waits for this attempt; notes that the node lives. */
  awaits(slot: number, attempt: number, node: number, now: number): boolean {
    this.#heardAt[node] = now;
    return this.#stage[slot] === SENT && this.#attempt[slot] === attempt;
  }

  /** The awaited attempt has a result: DONE_OK or DONE_MISMATCH. */
  succeeded(
    slot: number,
    outcome: number,
    version: number,
    index: number,
    now: number,
    valueIn = NO_BYTES,
    valueAt = 0,
    valueBytes = 0,
  ): void {
    const d = this.#done;
    if (this.#options.route === "leader") this.#leader = this.#sentTo[slot]!;
    d.outcome = outcome;
    d.status = STATUS.ok.code;
    d.version = version;
    d.index = index;
    d.valueIn = valueIn;
    d.valueAt = valueAt;
    d.valueBytes = valueBytes;
    this.#end(slot, now);
  }

  /** The awaited attempt has no result. */
  refused(slot: number, refusal: Refusal, now: number): void {
    const isRead = isReadOp(this.#ops.op[slot]!);
    if (refusal === "invalid") return this.#giveUp(slot, DONE_FAIL, now);
    if (refusal === "unsure" && !isRead) return this.#giveUp(slot, DONE_INFO, now);
    this.#avoid(this.#sentTo[slot]!, now);
    this.#retry(slot, now);
  }

  /** Connections to the node are gone: what was sent on them (`slots`) will not be answered. */
  lost(node: number, slots: Iterable<number>, now: number): void {
    this.#avoid(node, now);
    for (const slot of slots) {
      if (this.#stage[slot] === SENT && this.#sentTo[slot] === node) {
        this.refused(slot, "unsure", now);
      }
    }
  }

  opened(node: number): void {
    this.#avoidUntil[node] = 0;
  }

  /** When `tick` is next needed; may be early, never late. Infinity: nothing is outstanding. */
  deadline(): number {
    return this.#alarms.next();
  }

  /** Sends what has waited long enough, gives up what is overdue. */
  tick(now: number): void {
    this.#alarms.ring(now, this.#overdue);
  }

  readonly #overdue = (slot: number, now: number): void => {
    const isOut = this.#stage[slot] === SENT;
    if (this.#alarms.isOver(slot, now)) {
      const mayCount = isOut && !isReadOp(this.#ops.op[slot]!);
      if (isOut) this.#ports.cancel(slot);
      return this.#giveUp(slot, mayCount ? DONE_INFO : DONE_FAIL, now);
    }
    if (!isOut) return this.#send(slot, now);
    const node = this.#sentTo[slot]!;
    const silentAt = this.#heardAt[node]! + this.#options.attemptTimeoutMs;
    if (silentAt > now) return this.#alarms.set(slot, silentAt);
    this.#avoid(node, now);
    if (!isReadOp(this.#ops.op[slot]!)) return this.#alarms.set(slot, Number.POSITIVE_INFINITY);
    this.#ports.cancel(slot);
    this.#retry(slot, now);
  };

  #send(slot: number, now: number): void {
    const node = this.#pick(slot, now);
    this.#atHome[slot] = 0;
    const attempt = (this.#attempt[slot]! + 1) % ATTEMPTS;
    this.#attempt[slot] = attempt;
    this.#sentTo[slot] = node;
    this.#stage[slot] = SENT;
    if (this.#ports.send(node, slot, attempt, this.#ops)) {
      this.#alarms.set(slot, now + this.#options.attemptTimeoutMs);
      return;
    }
    this.#avoid(node, now);
    this.#retry(slot, now);
  }

  /** The first node from the slot's own, or from the leader, that is not to be avoided. */
  #pick(slot: number, now: number): number {
    const { nodes, route } = this.#options;
    const isLocal = (this.#ops.flags[slot]! & FLAG_LOCAL) !== 0;
    if (route === "leader" && this.#atHome[slot] === 1) return slot % nodes;
    const first = route === "any" || isLocal ? slot % nodes : this.#leader;
    for (let i = 0; i < nodes; i++) {
      const node = (first + i) % nodes;
      if (this.#avoidUntil[node]! <= now) return node;
    }
    return (first + this.#tries[slot]!) % nodes;
  }

  #avoid(node: number, now: number): void {
    this.#avoidUntil[node] = now + AVOID_MS;
    if (this.#leader === node) this.#leader = (node + 1) % this.#options.nodes;
  }

  /** Elsewhere at once while there is an elsewhere, then after a pause. */
  #retry(slot: number, now: number): void {
    const tries = Math.min(this.#tries[slot]! + 1, 255);
    this.#tries[slot] = tries;
    if (tries < this.#options.nodes) return this.#send(slot, now);
    this.#stage[slot] = WAITING;
    const most = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * (tries - this.#options.nodes + 1));
    this.#alarms.set(slot, now + most * (0.5 + 0.5 * this.#options.prng.float()));
  }

  #giveUp(slot: number, outcome: number, now: number): void {
    setFailure(this.#done, outcome, STATUS.timeout.code);
    this.#end(slot, now);
  }

  #end(slot: number, now: number): void {
    this.#stage[slot] = IDLE;
    this.#alarms.end(slot);
    this.#ports.onDone(slot, this.#done, now);
  }
}
