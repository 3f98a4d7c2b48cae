import { expect, test } from "bun:test";
import { OP_GET } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { STATUS } from "../wire/errors.ts";
import { Clerk } from "./clerk.ts";
import { DONE_OK } from "./ports.ts";
import { Retries } from "./retries.ts";

const NO_BYTES = new Uint8Array(0);
const NODES = [1, 2, 3];
const CLIENTS = 20_000;
/** Messages that a node deals with in a millisecond, whatever they are: votes wait behind requests. */
const PER_MS = 100;
const ELECTION_MS = 150;
const SEED = 11;

type Mail =
  | { readonly kind: "request"; readonly id: number }
  | { readonly kind: "voteRequest" }
  | { readonly kind: "vote" };

/** What asks: how many clients wherever they think that the leader is. */
type Clients = {
  start(now: number): void;
  tick(now: number): void;
  answered(node: number, id: number, isServed: boolean, leader: number, now: number): void;
  closed(node: number, now: number): void;
};

/** Three nodes of which the first, the leader, dies; the second one needs the vote of the third. Virtual time, a millisecond a step. */
class Cluster {
  readonly inboxes: Mail[][] = [[], [], []];
  now = 0;
  leader = 0;
  served = 0;
  #diedAt = Infinity;
  /** Null: nobody asks. */
  readonly #clients: Clients | null;

  constructor(clients: ((send: (node: number, id: number) => boolean) => Clients) | null) {
    const send = (node: number, id: number): boolean => {
      if (node === 0 && this.now >= this.#diedAt) return false;
      this.inboxes[node]!.push({ kind: "request", id });
      return true;
    };
    this.#clients = clients === null ? null : clients(send);
  }

  /** How long nobody leads after the leader has died, under the load of all clients. */
  failover(): number {
    this.#clients?.start(this.now);
    for (let i = 0; i < 500; i++) this.#step();
    this.leader = -1;
    this.#diedAt = this.now;
    this.inboxes[0] = [];
    this.#clients?.closed(0, this.now);
    while (this.leader < 0) {
      if (this.now === this.#diedAt + ELECTION_MS) this.inboxes[2]!.push({ kind: "voteRequest" });
      this.#step();
      expect(this.now).toBeLessThan(60_000);
    }
    return this.now - this.#diedAt;
  }

  /** How long it then takes to serve so many. */
  serve(count: number): number {
    const from = this.now;
    for (const until = this.served + count; this.served < until; this.#step()) {
      expect(this.now - from).toBeLessThan(60_000);
    }
    return this.now - from;
  }

  #step(): void {
    for (const [node, inbox] of this.inboxes.entries()) {
      for (const mail of inbox.splice(0, PER_MS)) this.#take(node, mail);
    }
    this.now++;
    this.#clients?.tick(this.now);
  }

  #take(node: number, mail: Mail): void {
    if (mail.kind === "voteRequest") this.inboxes[1]!.push({ kind: "vote" });
    else if (mail.kind === "vote") this.leader = 1;
    else {
      const isServed = node === this.leader;
      if (isServed) this.served++;
      this.#clients!.answered(node, mail.id, isServed, this.leader, this.now);
    }
  }
}

/** Ours: a budget of retries, and the first one that finds the leader tells all. */
function clerk(send: (node: number, id: number) => boolean): Clients {
  const options = { slots: CLIENTS, nodeIds: NODES, lanes: 1, timeoutMs: 60_000 };
  const one = new Clerk(
    { ...options, attemptTimeoutMs: 60_000, homeShare: 0, prng: new Prng(SEED) },
    {
      send: (node, _lane, id) => send(node, id),
      onDone: (slot, { outcome }, now) => {
        expect(outcome).toBe(DONE_OK);
        one.start(slot, OP_GET, 0, 0, NO_BYTES, NO_BYTES, now);
      },
    },
  );
  return {
    start: (now) => {
      for (let slot = 0; slot < CLIENTS; slot++) {
        one.start(slot, OP_GET, 0, 0, NO_BYTES, NO_BYTES, now);
      }
    },
    tick: (now) => one.tick(now),
    closed: (node, now) => one.onClosed(node, 0, now),
    answered: (node, requestId, isServed, leader, now) => {
      const status = STATUS[isServed ? "ok" : "notLeader"].code;
      const leaderHint = isServed || leader < 0 ? 0 : NODES[leader]!;
      const nothing = { version: 0, index: 0, valueAt: 0, valueBytes: 0 };
      one.onResponse(node, { requestId, status, leaderHint, ...nothing }, NO_BYTES, now);
    },
  };
}

/** The same pauses with the same jitter, but each client on its own and without a budget. */
function unbudgeted(send: (node: number, id: number) => boolean): Clients {
  const retries = new Retries(new Prng(SEED));
  const tries = new Uint8Array(CLIENTS);
  const dueAt = new Float64Array(CLIENTS).fill(Infinity);
  const askedNode = new Uint8Array(CLIENTS);
  const ask = (slot: number, node: number, now: number): void => {
    askedNode[slot] = node;
    if (send(node, slot)) dueAt[slot] = Infinity;
    else again(slot, now);
  };
  const again = (slot: number, now: number): void => {
    tries[slot] = Math.min(5, tries[slot]! + 1);
    dueAt[slot] = now + retries.pauseMs(tries[slot]!);
  };
  return {
    start: (now) => {
      for (let slot = 0; slot < CLIENTS; slot++) ask(slot, 0, now);
    },
    tick: (now) => {
      for (let slot = 0; slot < CLIENTS; slot++) {
        if (dueAt[slot]! <= now) ask(slot, (askedNode[slot]! + 1) % NODES.length, now);
      }
    },
    closed: (node, now) => {
      for (let slot = 0; slot < CLIENTS; slot++) {
        if (askedNode[slot] === node && dueAt[slot] === Infinity) again(slot, now);
      }
    },
    answered: (node, slot, isServed, _leader, now) => {
      if (!isServed) return again(slot, now);
      tries[slot] = 0;
      ask(slot, node, now);
    },
  };
}

test("a retry storm: with the budget a failover takes no longer than without any client; without it, much longer", () => {
  const alone = new Cluster(null).failover();
  const withBudget = new Cluster(clerk);
  const without = new Cluster(unbudgeted);
  const [budgetMs, stormMs] = [withBudget.failover(), without.failover()];
  expect(alone).toBeLessThan(ELECTION_MS + 5);
  expect(budgetMs, `seed ${SEED}`).toBeLessThan(alone + 10);
  expect(stormMs, `seed ${SEED}`).toBeGreaterThan(alone + 100);
  // And the leader has all it can do at once, up to those who have not heard of it yet.
  expect(withBudget.serve(CLIENTS)).toBeLessThan(CLIENTS / PER_MS + 50);
});
