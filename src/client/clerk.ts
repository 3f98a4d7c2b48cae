import { FLAG_LOCAL, isReadOp, type OpCode } from "../kv/command.ts";
import { NO_GROUP } from "../kv/shard-config.ts";
import { assert } from "../lib/assert.ts";
import type { Response } from "../wire/client.ts";
import { STATUS, tookEffect } from "../wire/errors.ts";
import { setFailure, setResult } from "./completion.ts";
import {
  type ClerkOptions,
  type ClerkPorts,
  DONE_FAIL,
  DONE_INFO,
  newCompletion,
} from "./ports.ts";
import type { LeaderCache } from "./leader-cache.ts";
import { Retries } from "./retries.ts";
import { oneGroup, type Routing } from "./routing.ts";
import { SlotAlarms } from "./slot-alarms.ts";
import { IDLE, NO_SHARD, NOT_SENT, OPENING, OPERATING, SHED, Slots } from "./slots.ts";
import { Throttles } from "./throttle.ts";

const NO_BYTES = new Uint8Array(0);
const IMMEDIATE_TRIES_MAX = 3;
/** How long a node that is not connected is passed over while others are. */
const UNREACHABLE_MS = 50;

/**
 * Runs the operations of many clients against a cluster: finds and follows the leader, repeats an
 * attempt that got lost, and says of each operation whether it took effect. Sans-I/O: bytes come
 * and go through ports, and the caller passes the time (milliseconds, any origin) to each call.
 *
 * Writes carry (session, seq), so a repeated one takes effect once and gets the first one's result
 * (thesis §6.3). An operation given up for good leaves its session: were the session used on, a
 * later operation could not be told from the lost one. Gets and scans need no session.
 *
 * The caller calls `tick` no later than `deadline`.
 */
export class Clerk {
  readonly #options: ClerkOptions;
  readonly #ports: ClerkPorts;
  readonly #slots: Slots;
  readonly #alarms: SlotAlarms;
  readonly #routing: Routing;
  /** When each node last did what only a leader can. */
  readonly #heardAt: Float64Array;
  readonly #retries: Retries;
  readonly #throttles: Throttles;
  readonly #done = newCompletion();

  /** `routing`: default, one group on all nodes has all keys. */
  constructor(options: ClerkOptions, ports: ClerkPorts, routing?: Routing) {
    assert(options.nodeIds.length > 0 && options.lanes > 0, "a clerk needs nodes and lanes");
    this.#options = options;
    this.#ports = ports;
    this.#routing = routing ?? oneGroup(options.nodeIds.length);
    this.#retries = new Retries(options.prng, options.overloadRetries);
    this.#throttles = new Throttles(options.prng);
    this.#slots = new Slots(options.slots, this.#routing.shards);
    this.#alarms = new SlotAlarms(options.slots);
    this.#heardAt = new Float64Array(options.nodeIds.length).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Starts an operation on an idle slot. `key` and `value` stay the caller's and must not change
   * until the slot's onDone. `flags` and `expected` as in kv/command.ts. `timeoutMs`: default, as the
   * options have it.
   */
  start(
    slot: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
    now: number,
    timeoutMs = this.#options.timeoutMs,
  ): void {
    const { homeShare, prng } = this.#options;
    this.#slots.shard[slot] = this.#routing.shardOf(key);
    this.#slots.home[slot] = Number(homeShare > 0 && prng.chance(homeShare));
    this.#alarms.begin(slot, now + timeoutMs);
    const group = this.#routing.groupOf(this.#slots.shard[slot]!);
    const isForLeader = (flags & FLAG_LOCAL) === 0 && group !== NO_GROUP;
    this.#slots.begin(slot, op, flags, expected, key, value);
    if (isForLeader && this.#throttles.sheds(group, now)) this.#shed(slot, now);
    else this.#begin(slot, now);
  }

  /**
   * Starts a command for one group as a whole, a read or one that does no harm when it is repeated: it
   * has no session (kv/shard-ops.ts). The slot must be idle.
   */
  ask(
    slot: number,
    group: number,
    op: number,
    flags: number,
    expected: number,
    value: Uint8Array,
    now: number,
  ): void {
    this.#slots.shard[slot] = NO_SHARD;
    this.#slots.group[slot] = group;
    this.#slots.home[slot] = 0;
    this.#alarms.begin(slot, now + this.#options.timeoutMs);
    this.#slots.begin(slot, op as OpCode, flags, expected, NO_BYTES, value);
    this.#begin(slot, now);
  }

  /** Gives up a slot's operation, if it has one, as if its time were over. */
  cancel(slot: number, now: number): void {
    if (this.#slots.stage[slot] === IDLE) return;
    this.#attemptLost(slot);
    this.#giveUp(slot, STATUS.timeout.code, now);
  }

  /** Takes back an operation that surely has had no effect, and is not out: no onDone follows. False: it is not so. */
  withdraw(slot: number): boolean {
    const { stage, sentTo, maybe } = this.#slots;
    if (stage[slot] === IDLE || sentTo[slot] !== NOT_SENT || maybe[slot] === 1) return false;
    stage[slot] = IDLE;
    this.#alarms.end(slot);
    return true;
  }

  /** The routing has changed: who waits need not wait out its pause. */
  rerouted(now: number): void {
    this.#release(now, (slot) => this.#slots.shard[slot] !== NO_SHARD);
  }

  /** It is told soon, but not within the call, and with a pause: a closed loop would spin. */
  #shed(slot: number, now: number): void {
    this.#slots.beginStage(slot, SHED);
    this.#alarms.set(slot, now + this.#retries.overloadPauseMs(1));
  }

  #begin(slot: number, now: number): void {
    const s = this.#slots;
    this.#retries.began();
    if (this.#needsSession(slot) && s.sessionOf(slot) === 0) this.#beginOpening(slot);
    else s.beginStage(slot, OPERATING);
    this.#attempt(slot, now);
  }

  #needsSession(slot: number): boolean {
    return this.#slots.shard[slot] !== NO_SHARD && !isReadOp(this.#slots.op[slot]!);
  }

  /** Takes one response of `node`; `body` is what `response.valueAt` counts in. */
  onResponse(node: number, response: Response, body: Uint8Array, now: number): void {
    const s = this.#slots;
    const slot = s.slotOf(response.requestId);
    if (s.stage[slot] === IDLE) return;
    const age = s.age(slot, response.requestId);
    if (age === -1) return;
    const { status } = response;
    if (tookEffect(status)) {
      // Even of an attempt that was given up: it is the same operation, so this is its result.
      if ((s.flags[slot]! & FLAG_LOCAL) === 0) {
        this.#throttles.of(s.group[slot]!).accepted(now);
        this.#confirm(slot, node, now);
      }
      if (s.stage[slot] === OPENING) this.#opened(slot, response.index, now);
      else this.#succeed(slot, response, body, now);
    } else if (age === 0 && s.sentTo[slot] !== NOT_SENT) {
      s.sentTo[slot] = NOT_SENT;
      this.#refused(slot, node, response, now);
    }
  }

  /** A connection has ended: nothing sent on it will be answered. */
  onClosed(node: number, lane: number, now: number): void {
    const s = this.#slots;
    for (const leaders of this.#routing.allLeaders()) leaders.lost(node, now, UNREACHABLE_MS);
    for (let slot = lane; slot < s.count; slot += this.#options.lanes) {
      if (s.stage[slot] === IDLE || s.sentTo[slot] !== node) continue;
      this.#attemptLost(slot);
      this.#retry(slot, now);
    }
  }

  /** A connection is up. */
  onOpened(node: number): void {
    for (const leaders of this.#routing.allLeaders()) leaders.forgive(node);
  }

  /** Operations since the start that were never sent, and ended as `overloaded`, by throttle.ts. */
  get shed(): number {
    return this.#throttles.shed;
  }

  /** When `tick` is next needed; may be early, never late. Infinity when nothing is outstanding. */
  deadline(): number {
    return this.#alarms.next();
  }

  /** Sends what has waited long enough, gives up what is overdue. */
  tick(now: number): void {
    this.#alarms.ring(now, this.#overdue);
  }

  readonly #overdue = (slot: number, now: number): void => {
    const s = this.#slots;
    const node = s.sentTo[slot]!;
    if (s.stage[slot] === SHED) return this.#giveUp(slot, STATUS.overloaded.code, now);
    if (this.#alarms.isOver(slot, now)) return this.cancel(slot, now);
    if (node === NOT_SENT) {
      if (this.#mayAttempt(slot, now)) this.#attempt(slot, now);
      else this.#alarms.set(slot, now + this.#retries.spentPauseMs());
      return;
    }
    const silentAt = this.#heardAt[node]! + this.#options.attemptTimeoutMs;
    if (silentAt > now) {
      this.#alarms.set(slot, silentAt); // Slow but alive: a second attempt would only add to its load.
      return;
    }
    if ((s.flags[slot]! & FLAG_LOCAL) === 0) {
      this.#leaderOf(slot).lost(node, now, this.#options.attemptTimeoutMs);
    }
    this.#attemptLost(slot);
    this.#retry(slot, now);
  };

  /** The node answered as only the leader of the slot's group does. */
  #confirm(slot: number, node: number, now: number): void {
    this.#heardAt[node] = now;
    if (this.#leaderOf(slot).confirm(node)) this.#leaderKnown(slot, now);
  }

  #beginOpening(slot: number): void {
    this.#slots.nonce[slot] = this.#options.prng.u32();
    this.#slots.beginStage(slot, OPENING);
  }

  #opened(slot: number, session: number, now: number): void {
    this.#slots.setSession(slot, session);
    // Answered: if nobody is known who could be asked next, nothing is under way.
    this.#slots.sentTo[slot] = NOT_SENT;
    this.#slots.tries[slot] = 0;
    this.#slots.beginStage(slot, OPERATING);
    this.#attempt(slot, now);
  }

  #attempt(slot: number, now: number): void {
    const s = this.#slots;
    const shard = s.shard[slot]!;
    const group = shard === NO_SHARD ? s.group[slot]! : this.#routing.groupOf(shard);
    s.group[slot] = group;
    if (group === NO_GROUP) return this.#nowhere(slot, now);
    const leaders = this.#leaderOf(slot);
    const local = (s.flags[slot]! & FLAG_LOCAL) !== 0;
    const own = local || s.home[slot] === 1;
    const node = own ? leaders.member(slot + s.tries[slot]!) : leaders.pick(now);
    s.home[slot] = 0;
    const lane = slot % this.#options.lanes;
    if (this.#ports.send(node, lane, s.nextRequestId(slot), s.command(slot), group)) {
      s.sentTo[slot] = node;
      this.#alarms.set(slot, now + this.#options.attemptTimeoutMs);
    } else {
      if (!local) leaders.lost(node, now, UNREACHABLE_MS);
      this.#retry(slot, now);
    }
  }

  /** The node answered that the current attempt did not, or not surely, take effect. */
  #refused(slot: number, node: number, response: Response, now: number): void {
    const s = this.#slots;
    switch (response.status) {
      case STATUS.notLeader.code: {
        const hint = this.#options.nodeIds.indexOf(response.leaderHint);
        if (this.#leaderOf(slot).redirect(node, hint, now)) this.#leaderKnown(slot, now);
        return this.#retry(slot, now);
      }
      case STATUS.noGroup.code:
        this.#leaderOf(slot).redirect(node, -1, now);
        return this.#retry(slot, now);
      case STATUS.wrongShard.code:
        this.#routing.wrongShard(s.shard[slot]!, s.group[slot]!, response.version, now);
        return this.#nowhere(slot, now);
      case STATUS.leadershipLost.code:
        if (s.stage[slot] === OPERATING) s.maybe[slot] = 1;
        this.#leaderOf(slot).redirect(node, -1, now);
        return this.#retry(slot, now);
      case STATUS.shuttingDown.code:
        this.#leaderOf(slot).lost(node, now, UNREACHABLE_MS);
        return this.#retry(slot, now);
      case STATUS.overloaded.code:
        // Others refuse as notLeader: asking them in turn would be for nothing.
        if ((s.flags[slot]! & FLAG_LOCAL) === 0) this.#confirm(slot, node, now);
        this.#throttles.of(s.group[slot]!).refused(now);
        s.overloads[slot]!++;
        if (!this.#retries.takeOverloaded(s.overloads[slot]!, now)) {
          return this.#giveUp(slot, response.status, now);
        }
        return this.#alarms.set(slot, now + this.#retries.overloadPauseMs(s.overloads[slot]!));
      case STATUS.sessionExpired.code:
        s.setSession(slot, 0);
        if (s.maybe[slot] === 1) return this.#giveUp(slot, response.status, now);
        this.#beginOpening(slot);
        return this.#retry(slot, now);
      case STATUS.invalid.code:
        return this.#giveUp(slot, response.status, now);
      default: // A newer server's status: nothing may be concluded from it.
        if (s.stage[slot] === OPERATING) s.maybe[slot] = 1;
        return this.#giveUp(slot, response.status, now);
    }
  }

  /** The current attempt, if any, will not be answered. */
  #attemptLost(slot: number): void {
    const s = this.#slots;
    if (s.sentTo[slot] === NOT_SENT) return;
    s.sentTo[slot] = NOT_SENT;
    if (s.stage[slot] === OPERATING) s.maybe[slot] = 1;
  }

  #retry(slot: number, now: number): void {
    const s = this.#slots;
    const tries = s.tries[slot]! + 1;
    s.tries[slot] = Math.min(tries, 255);
    const local = (s.flags[slot]! & FLAG_LOCAL) !== 0;
    const leaders = this.#leaderOf(slot);
    const known = local ? tries < leaders.size : leaders.known;
    if (known && tries <= IMMEDIATE_TRIES_MAX) this.#attempt(slot, now);
    else this.#alarms.set(slot, now + this.#retries.pauseMs(tries));
  }

  /** An attempt that can find the leader, or a local one again, needs a retry; one that is sure to reach it does not. */
  #mayAttempt(slot: number, now: number): boolean {
    const isNew = this.#slots.tries[slot] === 0;
    if (isNew || this.#slots.group[slot] === NO_GROUP || this.#leaderOf(slot).known) return true;
    return this.#retries.take(now);
  }

  /** No group serves the shard now, as far as is known: another may soon. */
  #nowhere(slot: number, now: number): void {
    const s = this.#slots;
    s.tries[slot] = Math.min(s.tries[slot]! + 1, 255);
    this.#alarms.set(slot, now + this.#retries.pauseMs(s.tries[slot]!));
  }

  #leaderOf(slot: number): LeaderCache {
    return this.#routing.leaderOf(this.#slots.group[slot]!);
  }

  /** The leader of the slot's group is known again: whoever waits for it need not wait out its pause. */
  #leaderKnown(slot: number, now: number): void {
    const group = this.#slots.group[slot];
    this.#release(now, (other) => this.#slots.group[other] === group);
  }

  #release(now: number, isMeant: (slot: number) => boolean): void {
    const s = this.#slots;
    for (let slot = 0; slot < s.count; slot++) {
      const waits = s.stage[slot] !== IDLE && s.sentTo[slot] === NOT_SENT;
      if (waits && s.overloads[slot] === 0 && isMeant(slot)) this.#alarms.set(slot, now);
    }
  }

  #succeed(slot: number, response: Response, body: Uint8Array, now: number): void {
    setResult(this.#done, response, body);
    if (this.#needsSession(slot)) this.#slots.nextSeq(slot);
    this.#end(slot, now);
  }

  /** Ends without a result: as info when an attempt may count, else as a definite fail. */
  #giveUp(slot: number, status: number, now: number): void {
    const maybe = this.#slots.maybe[slot] === 1;
    setFailure(this.#done, maybe ? DONE_INFO : DONE_FAIL, status);
    // A seq that surely took no effect is free for the next operation; any other is not.
    if (maybe && this.#needsSession(slot)) this.#slots.setSession(slot, 0);
    this.#end(slot, now);
  }

  #end(slot: number, now: number): void {
    this.#slots.stage[slot] = IDLE;
    this.#slots.sentTo[slot] = NOT_SENT;
    this.#alarms.end(slot);
    this.#ports.onDone(slot, this.#done, now);
  }
}
