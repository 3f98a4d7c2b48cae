import { describe, expect, test } from "bun:test";
import { Admission, ADMISSION_LIMITS, type AdmissionLimits } from "./admission.ts";

const { queueMs, queueMax } = ADMISSION_LIMITS;

/** A server with a queue, in virtual time: it answers `perMs` requests a millisecond, oldest first. */
class Server {
  readonly admission: Admission;
  now = 0;
  perMs: number;
  served = 0;
  refused = 0;
  /** Of those served, milliseconds. */
  longestMs = 0;
  #due = 0;
  readonly #arrivals: number[] = [];

  constructor(perMs: number, limits?: AdmissionLimits) {
    this.perMs = perMs;
    this.admission = new Admission(limits);
  }

  get waiting(): number {
    return this.#arrivals.length - this.served;
  }

  offer(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.waiting >= this.admission.limit) this.refused++;
      else this.#arrivals.push(this.now);
    }
  }

  /** Answers what it can in the next `ms`, all in one turn; paused ones answer nothing. */
  turn(ms: number, isPaused = false): void {
    this.now += ms;
    this.#due = isPaused ? 0 : Math.min(this.waiting, this.#due + ms * this.perMs);
    for (; this.#due >= 1 && this.waiting > 0; this.#due--) {
      this.longestMs = Math.max(this.longestMs, this.now - this.#arrivals[this.served]!);
      this.served++;
    }
    const oldestAt = this.#arrivals[this.served] ?? Infinity;
    this.admission.update(this.now, this.served, this.waiting, oldestAt);
  }

  /** Offers `perMs` for so long, in turns of `turnMs`. */
  run(ms: number, perMs: number, turnMs = 1): void {
    for (let at = 0; at < ms; at += turnMs) {
      this.offer(perMs * turnMs);
      this.turn(turnMs);
    }
  }
}

describe("admission", () => {
  test("under three times what is served, all of it is served, and nobody waits for much longer than the limit", () => {
    for (const turnMs of [1, 20, 250]) {
      const server = new Server(10);
      server.run(30_000, 30, turnMs);
      expect(server.served).toBeGreaterThan(0.97 * 30_000 * 10);
      expect(server.refused).toBeGreaterThan(0);
      expect(server.longestMs).toBeLessThan(2 * queueMs);
      expect(server.admission.isLate).toBe(true);
    }
  });

  test("after the overload nothing is refused any more", () => {
    const server = new Server(10);
    server.run(10_000, 30);
    server.run(1_000, 5);
    const { refused } = server;
    server.run(10_000, 9);
    expect(server.refused).toBe(refused);
    expect(server.admission.limit).toBe(queueMax);
  });

  test("a service that becomes slower lets fewer wait", () => {
    const server = new Server(20);
    server.run(10_000, 60);
    expect(server.waiting).toBeGreaterThan(20 * queueMs * 0.9);
    server.perMs = 5;
    server.run(10_000, 60);
    expect(server.waiting).toBeLessThan(5 * queueMs * 1.1);
  });

  test("a burst is taken, though little was served before", () => {
    const server = new Server(100);
    for (let i = 0; i < 1_000; i++) {
      server.offer(1);
      server.turn(10);
    }
    server.offer(20_000); // 200 ms of work.
    expect(server.refused).toBe(0);
    server.run(100, 100);
    expect(server.refused).toBe(0);
  });

  test("a closed loop of 1,000 clients is never refused, however long one pause is", () => {
    const server = new Server(20);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 100; i++) {
        server.offer(1_000 - server.waiting);
        server.turn(1);
      }
      server.turn(10_000, true);
    }
    expect(server.refused).toBe(0);
  });

  test("few requests on a slow disk are latency, not overload", () => {
    const server = new Server(0.01);
    for (let i = 0; i < 1_000; i++) {
      server.offer(256 - server.waiting);
      server.turn(100);
    }
    expect(server.longestMs).toBeGreaterThan(queueMs);
    expect(server.refused).toBe(0);
  });

  test("while nothing is served no queue grows, and what is served then opens it again", () => {
    const server = new Server(10);
    server.run(5_000, 9);
    server.perMs = 0;
    server.run(20_000, 9);
    expect(server.waiting).toBeLessThan(10 * queueMs * 1.1);
    server.perMs = 10;
    server.run(3_000, 9);
    const { refused } = server;
    server.run(5_000, 9);
    expect(server.refused).toBe(refused);
  });

  test("more than queueMax never wait; a queueMs of 0 bounds nothing else", () => {
    const server = new Server(1, { queueMs: 0, queueMax: 5_000 });
    server.run(10_000, 10);
    expect(server.waiting).toBeGreaterThan(4_900);
    expect(server.waiting).toBeLessThanOrEqual(5_000);
    expect(server.admission.isLate).toBe(false);
  });
});
