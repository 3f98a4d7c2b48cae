import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import type { Command } from "./command.ts";
import { createStateMachine, SESSIONS_MAX } from "./sessions.ts";
import { INVALID, NOT_FOUND, OK, SESSION_EXPIRED, VERSION_MISMATCH } from "./status.ts";
import { append, del, Driver, get, openSession, put, putIf } from "./testing/commands.ts";

const within = (session: number, seq: number, c: Command): Command => ({ ...c, session, seq });

function newMachine(sessionsMax?: number) {
  const machine = createStateMachine(sessionsMax);
  return { machine, kv: new Driver(machine) };
}

test("session: its id is the log index at which it was opened", () => {
  const { machine, kv } = newMachine();
  kv.apply(put("a", "1"));
  expect(kv.apply(openSession())).toEqual({ status: OK, version: 0, index: 2 });
  expect([...machine.sessionIds()]).toEqual([2]);
});

test("session: a retry is answered with the first result and its index, and not applied", () => {
  const { kv } = newMachine();
  const { index: session } = kv.apply(openSession());
  const first = kv.apply(within(session, 1, append("a", "x")));
  expect(first).toEqual({ status: OK, version: 1, index: 2 });
  kv.apply(put("a", "other"));
  expect(kv.apply(within(session, 1, append("a", "x")))).toEqual(first);
  expect(kv.read("a")).toEqual({ status: OK, version: 2, value: "other" });
});

test("session: refusals are remembered too, a retry gives them though the state has changed", () => {
  const { kv } = newMachine();
  const { index: session } = kv.apply(openSession());
  const mismatch = kv.apply(within(session, 1, putIf("a", 1, "x")));
  expect(mismatch).toEqual({ status: VERSION_MISMATCH, version: 0, index: 2 });
  kv.apply(put("a", "1"));
  expect(kv.apply(within(session, 1, putIf("a", 1, "x")))).toEqual(mismatch);
  const absent = kv.apply(within(session, 2, del("b")));
  expect(absent.status).toBe(NOT_FOUND);
  kv.apply(put("b", "1"));
  expect(kv.apply(within(session, 2, del("b")))).toEqual(absent);
  expect(kv.read("b").status).toBe(OK);
});

test("session: a seq may be left out; one below the last is refused and not applied", () => {
  const { kv } = newMachine();
  const { index: session } = kv.apply(openSession());
  expect(kv.apply(within(session, 5, put("a", "1"))).status).toBe(OK);
  expect(kv.apply(within(session, 9, put("a", "2"))).status).toBe(OK);
  expect(kv.apply(within(session, 5, put("a", "1"))).status).toBe(SESSION_EXPIRED);
  expect(kv.apply(within(session, 7, put("a", "3"))).status).toBe(SESSION_EXPIRED);
  expect(kv.apply(within(session, 0, put("a", "4"))).status).toBe(INVALID);
  expect(kv.read("a")).toEqual({ status: OK, version: 2, value: "2" });
});

test("session: one that is unknown is refused, and nothing is applied", () => {
  const { machine, kv } = newMachine();
  expect(kv.apply(within(77, 1, put("a", "1")))).toEqual({
    status: SESSION_EXPIRED,
    version: 0,
    index: 1,
  });
  expect(kv.read("a").status).toBe(NOT_FOUND);
  expect(machine.sessionCount).toBe(0);
});

test("session: without one every command counts, and a get needs no seq", () => {
  const { kv } = newMachine();
  kv.apply(append("a", "x"));
  kv.apply(append("a", "x"));
  expect(kv.read("a").value).toBe("xx");
  const { index: session } = kv.apply(openSession());
  expect(kv.apply(within(session, 0, get("a"))).status).toBe(OK);
});

test("eviction: the session that was used least recently goes, a retry counts as use", () => {
  const { machine, kv } = newMachine(3);
  const [a, b, c] = [1, 2, 3].map(() => kv.apply(openSession()).index) as [number, number, number];
  kv.apply(within(a, 1, put("k", "a1")));
  kv.apply(within(b, 1, put("k", "b1")));
  kv.apply(within(a, 1, put("k", "a1")));
  const d = kv.apply(openSession()).index;
  expect([...machine.sessionIds()]).toEqual([d, a, b]);
  const e = kv.apply(openSession()).index;
  expect([...machine.sessionIds()]).toEqual([e, d, a]);
  expect(kv.apply(within(c, 1, put("k", "c1"))).status).toBe(SESSION_EXPIRED);
  expect(kv.apply(within(b, 2, put("k", "b2"))).status).toBe(SESSION_EXPIRED);
  expect(kv.apply(within(a, 1, put("k", "a1"))).status).toBe(OK);
  expect(machine.sessionCount).toBe(3);
});

test("eviction: a new session in an old one's place starts without its results", () => {
  const { machine, kv } = newMachine(1);
  const first = kv.apply(openSession()).index;
  kv.apply(within(first, 1, put("a", "1")));
  const second = kv.apply(openSession()).index;
  expect(kv.apply(within(second, 1, put("a", "2")))).toEqual({ status: OK, version: 2, index: 4 });
  const ids = machine.sessionIds();
  expect([ids.next().value, ids.next().done]).toEqual([second, true]);
});

test("eviction: the same log gives the same sessions, up to the limit of 65,536", () => {
  const machines = [newMachine(), newMachine()];
  const ids: number[] = [];
  const prng = new Prng(3);
  for (let i = 0; i < SESSIONS_MAX + 5000; i++) {
    const isOpening = i < SESSIONS_MAX || prng.chance(0.5);
    const c = isOpening ? openSession(i) : within(prng.pick(ids), 1, append("k", "."));
    const [one, other] = machines.map(({ kv }) => kv.apply(c));
    expect(one!).toEqual(other!);
    if (isOpening) ids.push(one!.index);
  }
  const [one, other] = machines;
  expect(one!.machine.sessionCount).toBe(SESSIONS_MAX);
  expect(one!.machine.digest()).toBe(other!.machine.digest());
});

test("digest: tells apart machines that differ in their sessions alone", () => {
  const one = newMachine();
  const other = newMachine();
  for (const { kv } of [one, other]) kv.apply(openSession());
  one.kv.apply(within(1, 1, del("absent")));
  other.kv.apply(within(1, 2, del("absent")));
  expect(one.machine.store.digest()).toBe(other.machine.store.digest());
  expect(one.machine.digest()).not.toBe(other.machine.digest());
});

test("exactly once: with retries in any number each append is there once, in order", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const prng = new Prng(seed);
    const { kv } = newMachine();
    const sessions = Array.from({ length: 8 }, () => ({
      id: kv.apply(openSession()).index,
      seq: 0,
    }));
    const expected = new Map<string, string>();
    for (let i = 0; i < 3000; i++) {
      const session = prng.pick(sessions);
      session.seq += prng.between(1, 3);
      const key = `k${prng.below(5)}`;
      const c = within(session.id, session.seq, append(key, `${i} `));
      const first = kv.apply(c);
      expected.set(key, `${expected.get(key) ?? ""}${i} `);
      while (prng.chance(0.3)) {
        if (prng.chance(0.3)) kv.apply(put("noise", "x"));
        expect([seed, i, kv.apply(c)]).toEqual([seed, i, first]);
      }
    }
    for (const [key, value] of expected) expect(kv.read(key).value).toBe(value);
  }
});
