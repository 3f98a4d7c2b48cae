import { describe, expect, test } from "bun:test";
import { OP_GET } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { STATUS } from "../wire/errors.ts";
import { Clerk } from "./clerk.ts";
import { DONE_FAIL, DONE_OK } from "./ports.ts";
import { Retries } from "./retries.ts";

const NO_BYTES = new Uint8Array(0);
const NODES = [1, 2, 3];

type Request = { readonly node: number; readonly requestId: number };

/**
 * Many clients of a cluster whose leader answers `perMs` requests a millisecond and lets `queueMax` wait, in
 * virtual time, a millisecond a step. Closed loop, unless `overloadRetries` is 0 and each client asks once.
 */
class World {
  readonly clerk: Clerk;
  readonly perMs: number;
  readonly queueMax: number;
  now = 0;
  /** Index of the node that leads; -1: none. */
  leader = 0;
  sends = 0;
  readonly ended = { ok: 0, failed: 0, other: 0 };
  /** Completed per step, of those that succeeded. */
  readonly okAt: number[] = [];
  #arrived: Request[] = [];
  #queue: Request[] = [];
  readonly #isClosed: boolean;

  constructor(slots: number, perMs: number, queueMax: number, isClosed: boolean, retries?: number) {
    this.perMs = perMs;
    this.queueMax = queueMax;
    this.#isClosed = isClosed;
    const options = {
      ...{ slots, nodeIds: NODES, lanes: 1, timeoutMs: 60_000, attemptTimeoutMs: 300 },
      ...{ homeShare: 0, overloadRetries: retries, prng: new Prng(7) },
    };
    this.clerk = new Clerk(options, {
      send: (node, _lane, requestId) => {
        this.sends++;
        this.#arrived.push({ node, requestId });
        return true;
      },
      onDone: (slot, { outcome }) => {
        const kind = outcome === DONE_OK ? "ok" : outcome === DONE_FAIL ? "failed" : "other";
        this.ended[kind]++;
        if (kind === "ok") this.okAt.push(this.now);
        if (this.#isClosed) this.start(slot);
      },
    });
  }

  start(slot: number): void {
    this.clerk.start(slot, OP_GET, 0, 0, NO_BYTES, NO_BYTES, this.now);
  }

  run(ms: number): void {
    for (const until = this.now + ms; this.now < until; this.now++) {
      const arrived = this.#arrived;
      this.#arrived = [];
      for (const request of arrived) this.#take(request);
      for (const request of this.#queue.splice(0, this.perMs)) this.#answer(request, "ok");
      this.clerk.tick(this.now);
    }
  }

  /** The leader is gone, and what it had not answered with it. */
  failOver(): void {
    const was = this.leader;
    this.leader = -1;
    this.#queue = [];
    this.#arrived = [];
    this.clerk.onClosed(was, 0, this.now);
  }

  #take(request: Request): void {
    if (request.node !== this.leader) this.#answer(request, "notLeader");
    else if (this.#queue.length >= this.queueMax) this.#answer(request, "overloaded");
    else this.#queue.push(request);
  }

  #answer({ node, requestId }: Request, name: "ok" | "notLeader" | "overloaded"): void {
    const leaderHint = name === "notLeader" && this.leader >= 0 ? NODES[this.leader]! : 0;
    const nothing = { version: 0, index: 0, valueAt: 0, valueBytes: 0 };
    const response = { requestId, status: STATUS[name].code, leaderHint, ...nothing };
    this.clerk.onResponse(node, response, NO_BYTES, this.now);
  }
}

describe("retries", () => {
  test("a failover: what is sent meanwhile is bounded, however many clients wait", () => {
    const outageMs = 2_000;
    const sends = [100, 5_000].map((clients) => {
      const world = new World(clients, 100, Infinity, true);
      for (let slot = 0; slot < clients; slot++) world.start(slot);
      world.run(500);
      world.failOver();
      const before = world.sends;
      world.run(outageMs);
      return world.sends - before;
    });
    // The reserve, one a millisecond, and those that were under way.
    for (const count of sends) expect(count).toBeLessThan(100 + outageMs + 100);
  });

  test("a failover: once there is a leader, all clients are back within milliseconds", () => {
    const world = new World(5_000, 1_000, Infinity, true);
    for (let slot = 0; slot < 5_000; slot++) world.start(slot);
    world.run(500);
    world.failOver();
    world.run(2_000);
    world.leader = 1;
    const { ok } = world.ended;
    world.run(40);
    expect(world.ended.ok - ok).toBeGreaterThan(25 * 1_000);
    expect(world.ended.failed + world.ended.other).toBe(0);
  });

  test("a backlog after a failover is worked off as fast with retries as without", () => {
    // All that came during the outage comes at once, and the leader takes a part of it.
    const finish = (retries?: number) => {
      const world = new World(20_000, 10, 2_000, false, retries);
      world.start(0); // Finds the leader.
      world.run(20);
      for (let slot = 0; slot < 20_000; slot++) world.start(slot);
      world.run(5_000);
      expect(world.ended.ok + world.ended.failed).toBe(20_001);
      return { ...world.ended, sends: world.sends, lastAt: world.okAt.at(-1)! };
    };
    const none = finish(0);
    const some = finish();
    expect(none.sends).toBeLessThan(20_000 + 100);
    // Twenty in a hundred of the operations is what the budget gives; the reserve was full already.
    expect(some.sends - none.sends).toBeLessThanOrEqual(0.2 * 20_000 + 2_000);
    expect(some.ok).toBeGreaterThanOrEqual(none.ok);
    // What is served any longer is served on top.
    expect(some.lastAt - none.lastAt).toBeLessThanOrEqual((some.ok - none.ok) / 10 + 500);
  });

  test("a lasting overload: retries stay within their share of what is sent", () => {
    const world = new World(300, 10, 100, true);
    for (let slot = 0; slot < 300; slot++) world.start(slot);
    world.run(200);
    const sent = world.sends;
    const ended = world.ended.ok + world.ended.failed;
    world.run(1_000);
    const operations = world.ended.ok + world.ended.failed - ended;
    expect(world.ended.failed).toBeGreaterThan(0);
    // The share, the rate, and what was under way.
    expect(world.sends - sent - operations).toBeLessThan(0.2 * operations + 1_000 + 100 + 300);
    expect(world.ended.ok).toBeGreaterThan(0.95 * 1_200 * 10);
  });

  test("pauses have jitter, double, and end", () => {
    const retries = new Retries(new Prng(1));
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((times) => retries.overloadPauseMs(times));
    for (const [i, ms] of pauses.entries()) {
      const most = Math.min(160, 10 * 2 ** i);
      expect(ms).toBeGreaterThanOrEqual(most / 2);
      expect(ms).toBeLessThanOrEqual(most);
    }
    expect(new Set(Array.from({ length: 100 }, () => retries.pauseMs(5))).size).toBeGreaterThan(90);
  });

  test("the budget: a reserve, a rate, and a share of the operations; no more is saved up", () => {
    const retries = new Retries(new Prng(1));
    const taken = (now: number): number => {
      let count = 0;
      while (retries.take(now)) count++;
      return count;
    };
    expect(taken(0)).toBe(100);
    expect(taken(10)).toBe(10);
    for (let i = 0; i < 50; i++) retries.began();
    expect(Math.abs(taken(10) - 10)).toBeLessThanOrEqual(1);
    expect(taken(1_000_000)).toBe(100);
    expect(retries.takeOverloaded(7, 2_000_000)).toBe(false);
    expect(retries.takeOverloaded(6, 2_000_000)).toBe(true);
  });
});
