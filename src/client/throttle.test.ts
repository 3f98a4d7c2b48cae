import { describe, expect, test } from "bun:test";
import { FLAG_LOCAL, OP_GET, OP_PUT } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { STATUS } from "../wire/errors.ts";
import { DONE_FAIL, DONE_OK } from "./ports.ts";
import { FakeWire } from "./testing/fake-wire.ts";
import { Throttle, Throttles } from "./throttle.ts";

/** Offers so much each millisecond to a group that accepts so much. Counts what was sent and accepted. */
function offer(throttle: Throttle, from: number, ms: number, offered: number, capacity: number) {
  const counts = { sent: 0, accepted: 0, shed: 0 };
  for (let now = from; now < from + ms; now++) {
    let room = capacity;
    for (let i = 0; i < offered; i++) {
      if (throttle.sheds(now)) {
        counts.shed++;
        continue;
      }
      counts.sent++;
      if (room-- > 0) {
        counts.accepted++;
        throttle.accepted(now);
      } else {
        throttle.refused(now);
      }
    }
  }
  return counts;
}

describe("throttle", () => {
  test("up to one and a half times what is accepted is sent, and nothing refused here", () => {
    const throttle = new Throttle(new Prng(1));
    expect(offer(throttle, 0, 10_000, 10, 10).shed).toBe(0);
    expect(offer(throttle, 10_000, 10_000, 14, 10).shed).toBe(0);
  });

  test("of three or ten times as much one and a half times what is accepted is sent, and as much is accepted as before", () => {
    for (const factor of [3, 10]) {
      const throttle = new Throttle(new Prng(2));
      offer(throttle, 0, 10_000, factor * 10, 10);
      const { sent, accepted, shed } = offer(throttle, 10_000, 10_000, factor * 10, 10);
      expect(accepted).toBeGreaterThan(0.98 * 10 * 10_000);
      expect(sent / accepted).toBeGreaterThan(1.4);
      expect(sent / accepted).toBeLessThan(1.65);
      expect(sent + shed).toBe(factor * 10 * 10_000);
    }
  });

  test("where nothing is accepted at all some are sent nevertheless, and soon all when all are accepted again", () => {
    const throttle = new Throttle(new Prng(3));
    offer(throttle, 0, 20_000, 30, 0);
    const { sent } = offer(throttle, 20_000, 10_000, 30, 0);
    expect(sent).toBeGreaterThan(100);
    expect(sent).toBeLessThan(0.02 * 30 * 10_000);
    offer(throttle, 30_000, 20_000, 30, 30);
    expect(offer(throttle, 50_000, 10_000, 30, 30).shed).toBe(0);
  });

  test("who asks for little is never refused here, however much of it the group refuses", () => {
    const throttle = new Throttle(new Prng(4));
    for (let now = 0; now < 600_000; now += 50) {
      expect(throttle.sheds(now)).toBe(false);
      throttle.refused(now);
    }
  });

  test("silence is no refusal: who waits for a leader is not refused", () => {
    const throttle = new Throttle(new Prng(5));
    offer(throttle, 0, 1_000, 10, 10);
    for (let i = 0; i < 100_000; i++) expect(throttle.sheds(1_000 + i / 10)).toBe(false);
  });

  test("each group has its own", () => {
    const throttles = new Throttles(new Prng(6));
    for (let i = 0; i < 10_000; i++) throttles.of(2).refused(1);
    const shed = Array.from({ length: 100 }, () => throttles.sheds(2, 1)).filter(Boolean).length;
    expect(shed).toBeGreaterThan(90);
    expect(throttles.shed).toBe(shed);
    for (let i = 0; i < 100; i++) expect(throttles.sheds(3, 1)).toBe(false);
  });
});

describe("clerk", () => {
  /** Has been asked for 5,000 reads, of which none was accepted. */
  function refusedOften(): FakeWire {
    const wire = new FakeWire({ overloadRetries: 0 });
    wire.withSession();
    while (wire.ended.length < 5_000) {
      wire.get(1);
      for (const sent of wire.sent.splice(0)) wire.answer(sent, "overloaded");
      wire.clerk.cancel(1, wire.now);
    }
    wire.ended.length = 0;
    return wire;
  }

  test("a write that is refused here is a definite fail, told after the call, and its seq is free", () => {
    const wire = refusedOften();
    const { shed } = wire.clerk;
    for (let i = 0; wire.clerk.shed === shed; i++) {
      expect(i).toBeLessThan(1_000);
      wire.put(0);
      for (const sent of wire.sent.splice(0)) wire.answer(sent, "overloaded");
    }
    const before = wire.ended.length;
    wire.pass(20);
    expect(wire.sent).toEqual([]);
    expect(wire.ended.slice(before)).toMatchObject([
      { slot: 0, outcome: DONE_FAIL, status: STATUS.overloaded.code },
    ]);
    wire.pass(60_000);
    wire.put(0);
    const sent = wire.take();
    expect(sent.command).toMatchObject({ op: OP_PUT, session: 77, seq: 2 });
    wire.answer(sent, "ok", { version: 2, index: 90 });
    expect(wire.ended.at(-1)).toMatchObject({ slot: 0, outcome: DONE_OK });
  });

  test("one that is refused here can be cancelled and withdrawn, and a late answer does not end it", () => {
    const wire = refusedOften();
    let last = null;
    const untilShed = (): void => {
      const { shed } = wire.clerk;
      while (wire.clerk.shed === shed) {
        wire.get(2);
        for (const sent of wire.sent.splice(0)) wire.answer((last = sent), "overloaded");
      }
      wire.ended.length = 0;
    };
    untilShed();
    if (last !== null) wire.answer(last, "ok");
    expect(wire.ended).toEqual([]);
    wire.clerk.cancel(2, wire.now);
    expect(wire.ended).toMatchObject([{ slot: 2, outcome: DONE_FAIL }]);
    untilShed();
    expect(wire.clerk.withdraw(2)).toBe(true);
    wire.pass(1_000);
    expect(wire.ended).toEqual([]);
  });

  test("reads that any node answers are not refused here, for what is refused is the leader's", () => {
    const wire = refusedOften();
    const { shed } = wire.clerk;
    for (let i = 0; i < 200; i++) {
      wire.start(3, OP_GET, { flags: FLAG_LOCAL });
      wire.answer(wire.take(), "ok");
    }
    expect(wire.clerk.shed).toBe(shed);
  });
});
