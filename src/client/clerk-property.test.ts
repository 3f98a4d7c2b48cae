import { expect, test } from "bun:test";
import { OP_APPEND, OP_OPEN_SESSION } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { DONE_FAIL, DONE_INFO, DONE_OK } from "./ports.ts";
import { FakeWire, type Sent } from "./testing/fake-wire.ts";

const SEEDS = [1, 2, 3, 20260731, 4_000_000_007];
const OPERATIONS = 600;
const SLOTS = 6;

/**
 * One state machine behind three nodes that do everything that a cluster may do to a request: apply
 * it and answer, apply it and lose the answer, lose it, apply it seconds later, refuse it, forget
 * its session.
 */
class Cluster {
  readonly wire: FakeWire;
  readonly #prng: Prng;
  readonly #sessions = new Map<number, number>();
  readonly #delayed: { readonly at: number; readonly sent: Sent }[] = [];
  readonly applied = new Map<string, number>();
  /** Of the requests, beyond those that it refuses as everything else it does. */
  readonly #overloadedShare: number;
  #index = 0;

  constructor(seed: number, overloadedShare: number) {
    this.#prng = new Prng(seed);
    this.#overloadedShare = overloadedShare;
    this.wire = new FakeWire({ slots: SLOTS, timeoutMs: 900, attemptTimeoutMs: 150 });
  }

  /** Deals with one thing that is due; false when there is none. */
  step(): boolean {
    const { wire } = this;
    const due = this.#delayed.findIndex(({ at }) => at <= wire.now);
    if (due >= 0) {
      this.#applyAndAnswer(this.#delayed.splice(due, 1)[0]!.sent);
      return true;
    }
    const sent = wire.sent.shift();
    if (sent !== undefined) {
      this.#receive(sent);
      return true;
    }
    const next = Math.min(wire.clerk.deadline(), ...this.#delayed.map(({ at }) => at));
    if (next === Number.POSITIVE_INFINITY) return false;
    wire.now = Math.max(wire.now, next);
    wire.clerk.tick(wire.now);
    return true;
  }

  #receive(sent: Sent): void {
    const { wire } = this;
    if (this.#prng.chance(this.#overloadedShare)) return wire.answer(sent, "overloaded");
    switch (this.#prng.below(15)) {
      case 0:
        return wire.answer(sent, "notLeader", { hint: this.#prng.pick([0, 10, 11, 12]) });
      case 1:
        return wire.answer(sent, "overloaded");
      case 2:
        this.#apply(sent);
        return wire.answer(sent, "leadershipLost");
      case 3:
        return wire.answer(sent, "leadershipLost");
      case 4:
        this.#apply(sent);
        return wire.clerk.onClosed(sent.node, 0, wire.now);
      case 5:
        return wire.clerk.onClosed(sent.node, 0, wire.now);
      case 6:
        return; // Lost, and nobody says so.
      case 7:
      case 8:
        this.#delayed.push({ at: wire.now + this.#prng.below(3000), sent });
        return;
      case 9:
        this.#sessions.delete(sent.command.session);
        return this.#applyAndAnswer(sent);
      case 10:
        return wire.answer(sent, "invalid");
      default:
        return this.#applyAndAnswer(sent);
    }
  }

  #applyAndAnswer(sent: Sent): void {
    const result = this.#apply(sent);
    if (result === "expired") this.wire.answer(sent, "sessionExpired");
    else this.wire.answer(sent, "ok", { version: 1, index: result });
  }

  /** What kv/sessions.ts must do as well: a seq is applied once, an older one never again. */
  #apply({ command }: Sent): number | "expired" {
    this.#index++;
    if (command.op === OP_OPEN_SESSION) {
      this.#sessions.set(this.#index, 0);
      return this.#index;
    }
    const last = this.#sessions.get(command.session);
    if (last === undefined) return "expired";
    if (command.seq <= last) return this.#index;
    expect(command.seq).toBe(last + 1);
    this.#sessions.set(command.session, command.seq);
    const name = new TextDecoder().decode(command.value);
    this.applied.set(name, (this.applied.get(name) ?? 0) + 1);
    return this.#index;
  }
}

/** Runs so many operations to their ends, checks each outcome against what took effect, and tells which there were. */
function run(seed: number, operations: number, overloadedShare: number) {
  const cluster = new Cluster(seed, overloadedShare);
  const { wire } = cluster;
  const valueOf: string[] = [];
  const outcomes = new Map<string, number>();
  let started = 0;
  const start = (slot: number): void => {
    if (started === operations) return;
    valueOf[slot] = `v${++started}`;
    wire.start(slot, OP_APPEND, { value: valueOf[slot] });
  };
  wire.onEnd = ({ slot, outcome }) => {
    outcomes.set(valueOf[slot]!, outcome);
    start(slot);
  };
  for (let slot = 0; slot < SLOTS; slot++) start(slot);
  let steps = 0;
  while (cluster.step()) if (++steps > 200_000) throw new Error(`seed ${seed}: it never ends`);
  expect(outcomes.size).toBe(operations);
  for (const [name, outcome] of outcomes) {
    const times = cluster.applied.get(name) ?? 0;
    if (outcome === DONE_OK) expect(times, `seed ${seed} ${name} ok`).toBe(1);
    else if (outcome === DONE_FAIL) expect(times, `seed ${seed} ${name} fail`).toBe(0);
    else expect(times, `seed ${seed} ${name} info`).toBeLessThanOrEqual(1);
  }
  return { kinds: [...new Set(outcomes.values())].sort(), shed: wire.clerk.shed };
}

test.each(SEEDS)("clerk: ok took effect once, fail never, info at most once (seed %d)", (seed) => {
  const { kinds, shed } = run(seed, OPERATIONS, 0);
  expect(kinds, "every outcome occurs").toEqual([DONE_OK, DONE_FAIL, DONE_INFO]);
  expect(shed).toBe(0);
});

test.each(SEEDS)("clerk: the same where it refuses most operations itself (seed %d)", (seed) => {
  const { kinds, shed } = run(seed, 5 * OPERATIONS, 0.97);
  expect(kinds, "every outcome occurs").toEqual([DONE_OK, DONE_FAIL, DONE_INFO]);
  expect(shed).toBeGreaterThan(OPERATIONS);
});
