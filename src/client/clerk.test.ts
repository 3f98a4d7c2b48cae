import { describe, expect, test } from "bun:test";
import { FLAG_EXPECTED, FLAG_LOCAL, OP_GET, OP_OPEN_SESSION, OP_PUT } from "../kv/command.ts";
import { STATUS } from "../wire/errors.ts";
import { DONE_FAIL, DONE_INFO, DONE_MISMATCH, DONE_OK } from "./ports.ts";
import { FakeWire } from "./testing/fake-wire.ts";

describe("clerk: sessions", () => {
  test("the first write opens a session; its id and rising seqs go with the writes", () => {
    const wire = new FakeWire();
    wire.put();
    const open = wire.take();
    expect(open.command.op).toBe(OP_OPEN_SESSION);
    wire.answer(open, "ok", { index: 77 });
    const first = wire.take();
    expect(first.command).toMatchObject({ op: OP_PUT, session: 77, seq: 1 });
    wire.answer(first, "ok", { version: 5, index: 78 });
    expect(wire.ended).toMatchObject([{ slot: 0, outcome: DONE_OK, version: 5, index: 78 }]);
    wire.put();
    expect(wire.take().command).toMatchObject({ op: OP_PUT, session: 77, seq: 2 });
  });

  test("gets carry no session, and their value comes with the end", () => {
    const wire = new FakeWire();
    let value = "";
    wire.onEnd = (end) => {
      value = new TextDecoder().decode(
        end.valueIn.subarray(end.valueAt, end.valueAt + end.valueBytes),
      );
    };
    wire.get();
    const get = wire.take();
    expect(get.command).toMatchObject({ op: OP_GET, session: 0, seq: 0 });
    wire.answer(get, "ok", { version: 3, value: "hello" });
    expect(value).toBe("hello");
  });

  test("gets use up no seq", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.get();
    wire.answer(wire.take(), "ok");
    wire.put();
    expect(wire.take().command).toMatchObject({ session: 77, seq: 2 });
  });

  test("an expired session of an operation never sent before is reopened, and the operation repeated", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.answer(wire.take(), "sessionExpired");
    const open = wire.take();
    expect(open.command.op).toBe(OP_OPEN_SESSION);
    wire.answer(open, "ok", { index: 90 });
    expect(wire.take().command).toMatchObject({ op: OP_PUT, session: 90, seq: 1 });
  });

  test("an expired session after a lost attempt ends in info, for that attempt may count", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.answer(wire.take(), "leadershipLost");
    wire.answer(wire.untilSent(), "sessionExpired");
    expect(wire.ended).toMatchObject([{ outcome: DONE_INFO, status: STATUS.sessionExpired.code }]);
  });
});

describe("clerk: the leader", () => {
  test("with a home share of 1 a slot asks its own node first, then the leader", () => {
    const wire = new FakeWire({ homeShare: 1 });
    wire.get(0);
    wire.answer(wire.take(), "ok"); // Node 0 leads.
    wire.get(1);
    const first = wire.take();
    expect(first.node).toBe(1);
    wire.answer(first, "notLeader", { hint: 10 });
    expect(wire.take().node).toBe(0);
  });

  test("a hint is followed at once, and by every other slot too", () => {
    const wire = new FakeWire();
    wire.get(0);
    wire.answer(wire.take(), "notLeader", { hint: 12 });
    const again = wire.take();
    expect(again.node).toBe(2);
    wire.answer(again, "ok");
    wire.get(1);
    expect(wire.take().node).toBe(2);
  });

  test("without a hint the next node is asked after a pause", () => {
    const wire = new FakeWire();
    wire.get();
    wire.answer(wire.take(), "notLeader");
    expect(wire.sent).toEqual([]);
    expect(wire.clerk.deadline()).toBeGreaterThan(wire.now);
    expect(wire.untilSent(50).node).toBe(1);
  });

  test("nodes that name each other are not asked in a tight loop", () => {
    const wire = new FakeWire();
    wire.get();
    let atOnce = 0;
    for (; wire.sent.length > 0; atOnce++) {
      const { node } = wire.sent[0]!;
      wire.answer(wire.take(), "notLeader", { hint: node === 0 ? 11 : 10 });
    }
    expect(atOnce).toBeLessThan(6);
    expect(wire.untilSent(50).command.op).toBe(OP_GET);
  });

  test("who waits for a leader is sent as soon as another slot has found one", () => {
    const wire = new FakeWire();
    wire.down.add(0).add(1).add(2);
    wire.get(0);
    wire.get(1);
    wire.down.delete(2);
    const probe = wire.untilSent(200);
    expect(probe.node).toBe(2);
    const from = wire.now;
    wire.answer(probe, "ok");
    wire.clerk.tick(from);
    expect(wire.take().node).toBe(2);
  });

  test("a node that is not connected is passed over", () => {
    const wire = new FakeWire();
    wire.down.add(0);
    wire.get();
    expect(wire.untilSent(20).node).toBe(1);
  });

  test("a node that is stopping is left for another, and the write repeated there as it was", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.answer(wire.take(), "shuttingDown");
    const again = wire.untilSent();
    expect(again.node).not.toBe(0);
    expect(again.command).toMatchObject({ session: 77, seq: 2 });
  });

  test("local gets go to the slot's own node, say so, and tell nothing of the leader", () => {
    const wire = new FakeWire();
    wire.start(1, OP_GET, { flags: FLAG_LOCAL });
    const local = wire.take();
    expect(local.node).toBe(1);
    expect(local.command.flags).toBe(FLAG_LOCAL);
    wire.answer(local, "ok");
    wire.get(0);
    expect(wire.take().node).toBe(0);
  });

  test("a slot keeps to its lane", () => {
    const wire = new FakeWire({ slots: 5, lanes: 2 });
    wire.get(3);
    expect(wire.take().lane).toBe(1);
    wire.get(4);
    expect(wire.take().lane).toBe(0);
  });
});

describe("clerk: lost attempts", () => {
  test("leadershipLost: the same session and seq again, and the answer then counts", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.answer(wire.take(), "leadershipLost");
    const again = wire.untilSent();
    expect(again.command).toMatchObject({ session: 77, seq: 2 });
    wire.answer(again, "ok", { version: 2 });
    expect(wire.ended).toMatchObject([{ outcome: DONE_OK, version: 2 }]);
    wire.put();
    expect(wire.take().command.seq).toBe(3);
  });

  test("a closed connection: what was out on it is repeated elsewhere, what was not stays", () => {
    const wire = new FakeWire({ slots: 2, lanes: 2 });
    wire.withSession();
    wire.put(0);
    wire.get(1);
    const [put, get] = wire.sent.splice(0);
    wire.clerk.onClosed(put!.node, 0, wire.now);
    const again = wire.untilSent();
    expect(again.node).not.toBe(put!.node);
    expect(again.command).toMatchObject({ session: 77, seq: 2 });
    wire.answer(get!, "ok");
    expect(wire.ended).toMatchObject([{ slot: 1, outcome: DONE_OK }]);
  });

  test("a silent node is given up after attemptTimeoutMs, and a follower's hint to it ignored", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.pass(2000);
    wire.put();
    expect(wire.take().node).toBe(0);
    wire.pass(499);
    expect(wire.sent).toEqual([]);
    const second = wire.untilSent(50);
    expect(second.node).not.toBe(0);
    wire.answer(second, "notLeader", { hint: 10 });
    expect(wire.sent).toEqual([]);
    expect(wire.untilSent(50).node).not.toBe(0);
  });

  test("a node that still answers others is waited for", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put(0);
    const slow = wire.take();
    wire.pass(400);
    wire.get(1);
    wire.answer(wire.take(), "ok");
    wire.pass(400);
    expect(wire.sent).toEqual([]);
    wire.answer(slow, "ok", { version: 2 });
    expect(wire.ended.at(-1)).toMatchObject({ slot: 0, outcome: DONE_OK });
  });

  test("a late success of an attempt given up is the operation's result", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.pass(2000);
    wire.put();
    const early = wire.take();
    const second = wire.untilSent(600);
    wire.answer(early, "ok", { version: 2, index: 99 });
    expect(wire.ended).toMatchObject([{ outcome: DONE_OK, version: 2, index: 99 }]);
    wire.put();
    const next = wire.take();
    wire.answer(second, "ok", { version: 2 });
    expect(wire.ended).toHaveLength(1);
    wire.answer(next, "ok", { version: 3 });
    expect(wire.ended).toHaveLength(2);
  });

  test("a late refusal of an attempt given up is ignored", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.pass(2000);
    wire.put();
    const early = wire.take();
    const second = wire.untilSent(600);
    wire.answer(early, "sessionExpired");
    expect(wire.ended).toEqual([]);
    expect(wire.sent).toEqual([]);
    wire.answer(second, "ok", { version: 2 });
    expect(wire.ended).toMatchObject([{ outcome: DONE_OK }]);
  });

  test("a late answer to the opening of a session does not end the write", () => {
    const wire = new FakeWire();
    wire.pass(2000);
    wire.put();
    const early = wire.take();
    wire.answer(wire.untilSent(600), "ok", { index: 50 });
    expect(wire.take().command.op).toBe(OP_PUT);
    wire.answer(early, "ok", { index: 49 });
    expect(wire.ended).toEqual([]);
  });
});

describe("clerk: outcomes", () => {
  test("timeout of an attempt without an answer: info, and the next write opens a new session", () => {
    const wire = new FakeWire({ timeoutMs: 400 });
    wire.withSession();
    wire.put();
    const lost = wire.take();
    wire.pass(400);
    expect(wire.ended).toMatchObject([{ outcome: DONE_INFO, status: STATUS.timeout.code }]);
    wire.put();
    const open = wire.take();
    expect(open.command.op).toBe(OP_OPEN_SESSION);
    wire.answer(lost, "ok", { version: 9 });
    expect(wire.ended).toHaveLength(1);
  });

  test("timeout when every attempt was refused: a definite fail, and its seq is free", () => {
    const wire = new FakeWire({ timeoutMs: 300 });
    wire.withSession();
    wire.put();
    while (wire.ended.length === 0) {
      if (wire.sent.length > 0) wire.answer(wire.take(), "notLeader");
      else wire.toDeadline();
    }
    expect(wire.ended).toMatchObject([{ outcome: DONE_FAIL, status: STATUS.timeout.code }]);
    wire.put();
    expect(wire.untilSent().command).toMatchObject({ op: OP_PUT, session: 77, seq: 2 });
  });

  test("timeout while no session could be opened: a definite fail", () => {
    const wire = new FakeWire({ timeoutMs: 300 });
    wire.put();
    wire.pass(300);
    expect(wire.ended).toMatchObject([{ outcome: DONE_FAIL }]);
  });

  test("timeout with no node connected: a definite fail", () => {
    const wire = new FakeWire({ timeoutMs: 300 });
    wire.down.add(0).add(1).add(2);
    wire.get();
    wire.pass(300);
    expect(wire.ended).toMatchObject([{ outcome: DONE_FAIL }]);
  });

  test("cancelled while an attempt is out: info; while none could be sent: a definite fail", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.take();
    wire.clerk.cancel(0, wire.now);
    wire.down.add(0).add(1).add(2);
    wire.put(1);
    wire.clerk.cancel(1, wire.now);
    wire.clerk.cancel(1, wire.now); // Idle by now: nothing happens.
    const outcomes = wire.ended.slice(-2).map(({ slot, outcome }) => [slot, outcome]);
    expect(outcomes).toEqual([
      [0, DONE_INFO],
      [1, DONE_FAIL],
    ]);
  });

  test("withdrawn: only while nothing of it is out, or may have had an effect; nothing follows then", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    expect(wire.clerk.withdraw(0)).toBe(false);
    wire.answer(wire.take(), "leadershipLost");
    expect(wire.clerk.withdraw(0)).toBe(false);
    wire.answer(wire.untilSent(), "ok");
    const before = wire.ended.length;
    wire.down.add(0).add(1).add(2);
    wire.put();
    expect([wire.clerk.withdraw(0), wire.clerk.withdraw(0)]).toEqual([true, false]);
    wire.pass(10_000);
    expect(wire.ended).toHaveLength(before);
  });

  test("an operation may have less time, or more, than the others", () => {
    const wire = new FakeWire({ timeoutMs: 300 });
    wire.down.add(0).add(1).add(2);
    const none = new Uint8Array(0);
    wire.clerk.start(0, OP_GET, 0, 0, Uint8Array.of(1), none, wire.now, 100);
    wire.clerk.start(1, OP_GET, 0, 0, Uint8Array.of(1), none, wire.now, 500);
    wire.get(2);
    const slots = [100, 200, 200].map((ms) => {
      wire.pass(ms);
      return wire.ended.at(-1)?.slot;
    });
    expect(slots).toEqual([0, 2, 1]);
  });

  test("overloaded: tried again with pauses, then a definite fail", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    let attempts = 0;
    while (wire.ended.length === 0) {
      wire.answer(wire.untilSent(500), "overloaded");
      attempts++;
    }
    expect(wire.ended).toMatchObject([{ outcome: DONE_FAIL, status: STATUS.overloaded.code }]);
    expect(attempts).toBeGreaterThan(3);
    wire.put();
    expect(wire.take().command).toMatchObject({ session: 77, seq: 2 });
  });

  test("overloaded: only a leader says so, and it is asked again, not the others in turn", () => {
    const wire = new FakeWire();
    wire.get();
    const asked = wire.take();
    wire.answer(asked, "overloaded");
    expect(wire.untilSent(500).node).toBe(asked.node);
    wire.get(1);
    expect(wire.take().node).toBe(asked.node);
  });

  test("overloaded after a lost attempt: info", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.put();
    wire.answer(wire.take(), "leadershipLost");
    while (wire.ended.length === 0) wire.answer(wire.untilSent(500), "overloaded");
    expect(wire.ended).toMatchObject([{ outcome: DONE_INFO }]);
  });

  test("a refused versioned put tells the version, even when a retry learnt it", () => {
    const wire = new FakeWire();
    wire.withSession();
    wire.start(0, OP_PUT, { flags: FLAG_EXPECTED, expected: 4, value: "v" });
    const first = wire.take();
    expect(first.command).toMatchObject({ flags: FLAG_EXPECTED, expected: 4 });
    wire.answer(first, "leadershipLost");
    wire.answer(wire.untilSent(), "versionMismatch", { version: 6 });
    expect(wire.ended).toMatchObject([{ outcome: DONE_MISMATCH, version: 6 }]);
    wire.put();
    expect(wire.take().command.seq).toBe(3);
  });

  test("invalid is a definite fail at once", () => {
    const wire = new FakeWire();
    wire.get();
    wire.answer(wire.take(), "invalid");
    expect(wire.ended).toMatchObject([{ outcome: DONE_FAIL, status: STATUS.invalid.code }]);
  });

  test("an absent key is an ok of version 0", () => {
    const wire = new FakeWire();
    wire.get();
    wire.answer(wire.take(), "notFound");
    expect(wire.ended).toMatchObject([{ outcome: DONE_OK, version: 0, valueBytes: 0 }]);
  });

  test("starting a busy slot is a bug", () => {
    const wire = new FakeWire();
    wire.get();
    expect(wire.get).toThrow("slot 0 is busy");
  });
});
