import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import {
  type Command,
  commandBytes,
  OP_APPEND,
  OP_DELETE,
  OP_OPEN_SESSION,
  OP_PUT,
  type OpCode,
  writeCommand,
} from "./command.ts";
import { createStateMachine, type SessionedStore } from "./sessions.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import type { SnapshotReader } from "./state-machine.ts";
import { OK, SESSION_EXPIRED } from "./status.ts";

const SESSIONS = 8;
const NOTHING: Command = {
  op: OP_PUT,
  flags: 0,
  session: 0,
  seq: 0,
  nonce: 0,
  expected: 0,
  key: new Uint8Array(0),
  value: new Uint8Array(0),
};
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function apply(machine: SessionedStore, index: number, part: Partial<Command>): void {
  const command = { ...NOTHING, ...part };
  const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
  const view = new DataView(bytes.buffer);
  writeCommand(bytes, view, 0, command);
  machine.apply(bytes, view, 0, bytes.length, index);
}

/** A command among few keys and sessions, with values from nothing to beyond a shared slab. */
function randomCommand(random: Prng, index: number): Partial<Command> {
  if (random.chance(0.05)) return { op: OP_OPEN_SESSION };
  const op = random.pick([OP_PUT, OP_PUT, OP_PUT, OP_APPEND, OP_DELETE] as const) as OpCode;
  const size = random.chance(0.02) ? 90_000 : random.below(400);
  const value = op === OP_DELETE ? NOTHING.value : new Uint8Array(size).fill(index & 0xff);
  const session = random.chance(0.3) ? 1 + random.below(index) : 0;
  return { op, key: text(`key ${random.below(300)}`), value, session, seq: session && index };
}

function collect(reader: SnapshotReader, bytesMax: number, between: () => void): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = reader.next(bytesMax); piece !== null; piece = reader.next(bytesMax)) {
    between();
    pieces.push(piece.slice());
  }
  return pieces;
}

function restore(machine: SessionedStore, pieces: readonly Uint8Array[]): void {
  const writer = machine.beginRestore();
  for (const piece of pieces) writer.write(piece);
  writer.finish();
}

test("snapshot: of a state that goes on changing is the state at its beginning", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Prng(seed);
    const machine = createStateMachine(SESSIONS);
    let index = 0;
    const change = (): void => apply(machine, ++index, randomCommand(random, index));
    for (let i = random.below(1_500); i > 0; i--) change();
    if (random.chance(0.3)) machine.beginSnapshot().next(1_000); // Given up half way.
    for (let i = random.below(200); i > 0; i--) change();
    const before = machine.digest();
    const reader = machine.beginSnapshot();
    const burst = random.below(60);
    const pieces = collect(reader, 1 + random.below(20_000), () => {
      for (let i = 0; i < burst; i++) change();
    });
    const other = createStateMachine(SESSIONS);
    apply(other, 1, { key: text("gone") });
    restore(other, pieces);
    expect(other.digest(), `seed ${seed}`).toBe(before);
    expect([...other.sessionIds()].length, `seed ${seed}`).toBe(other.sessionCount);
    // The restored one carries on as the first one would have, snapshots included.
    const again = createStateMachine(SESSIONS);
    restore(
      again,
      collect(other.beginSnapshot(), 4_096, () => {}),
    );
    expect(again.digest(), `seed ${seed}`).toBe(before);
  }
});

test("snapshot: an operation of a session that took effect before it is not repeated after it", () => {
  const machine = createStateMachine(SESSIONS);
  apply(machine, 1, { op: OP_OPEN_SESSION });
  apply(machine, 2, { op: OP_APPEND, key: text("k"), value: text("x"), session: 1, seq: 1 });
  const copy = createStateMachine(SESSIONS);
  restore(
    copy,
    collect(machine.beginSnapshot(), 100, () => {}),
  );
  apply(copy, 3, { op: OP_APPEND, key: text("k"), value: text("x"), session: 1, seq: 1 });
  expect([copy.result.status, copy.result.version, copy.result.index]).toEqual([OK, 1, 2]);
  expect(new TextDecoder().decode([...copy.store.entries()][0]!.value)).toBe("x");
  apply(copy, 4, { op: OP_APPEND, key: text("k"), value: text("x"), session: 9, seq: 1 });
  expect(copy.result.status).toBe(SESSION_EXPIRED);
});

test("snapshot: which session is forgotten next is part of it", () => {
  const machine = createStateMachine(2);
  apply(machine, 1, { op: OP_OPEN_SESSION });
  apply(machine, 2, { op: OP_OPEN_SESSION });
  apply(machine, 3, { key: text("k"), session: 1, seq: 1 });
  const copy = createStateMachine(2);
  restore(
    copy,
    collect(machine.beginSnapshot(), 100, () => {}),
  );
  apply(copy, 4, { op: OP_OPEN_SESSION });
  expect([...copy.sessionIds()]).toEqual([4, 1]);
});

test("snapshot: a restore in pieces of any size is the same; one that fails leaves the old state", () => {
  const random = new Prng(7);
  const machine = createStateMachine(SESSIONS);
  for (let i = 1; i <= 800; i++) apply(machine, i, randomCommand(random, i));
  const whole = Buffer.concat(collect(machine.beginSnapshot(), 10_000, () => {}));
  const copy = createStateMachine(SESSIONS);
  apply(copy, 1, { key: text("old"), value: text("state") });
  const old = copy.digest();
  for (const cut of [0, 4, 9, whole.length - 1]) {
    const writer = copy.beginRestore();
    writer.write(whole.subarray(0, cut));
    expect(() => writer.finish()).toThrow(SnapshotFormatError);
  }
  const damaged = copy.beginRestore();
  expect(() => {
    damaged.write(new Uint8Array([...whole.subarray(0, 8), 77]));
  }).toThrow("item kind 77");
  expect(() => copy.beginRestore().write(Buffer.concat([whole, whole]))).toThrow("after the end");
  expect(copy.digest()).toBe(old);
  for (const size of [1, 13, 5_000]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
    restore(copy, pieces);
    expect(copy.digest()).toBe(machine.digest());
  }
});

test("snapshot: a step gives about what it was asked for", () => {
  const machine = createStateMachine(SESSIONS);
  for (let i = 1; i <= 3_000; i++) {
    apply(machine, i, { key: text(`key ${i}`), value: new Uint8Array(100) });
  }
  const reader = machine.beginSnapshot();
  reader.next(1_000);
  // Everything changes at once: what had to be saved still comes in pieces.
  for (let i = 1; i <= 3_000; i++) apply(machine, 3_000 + i, { key: text(`key ${i}`) });
  const sizes = collect(reader, 1_000, () => {}).map((piece) => piece.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000);
  expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(300_000);
});
