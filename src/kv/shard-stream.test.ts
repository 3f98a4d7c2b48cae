import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { SessionedStore } from "./sessions.ts";
import type { ShardChunk } from "./shard-ops.ts";
import { ShardStream } from "./shard-stream.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import { type Command, commandKeyBytes, COMMAND_HEADER_BYTES } from "./command.ts";
import { append, del, encoded, openSession, put } from "./testing/commands.ts";

const SESSIONS = 100;

/** A shard that is served, and the stream by which it is read meanwhile. */
class Served {
  readonly store = new SessionedStore(SESSIONS);
  stream = new ShardStream(1, this.store);
  index = 0;

  apply(c: Command): void {
    const { bytes, view, at, end } = encoded(c);
    this.store.apply(bytes, view, at, end, ++this.index);
    const keyBytes = commandKeyBytes(view, at);
    if (keyBytes > 0) this.stream.changed(bytes, view, at + COMMAND_HEADER_BYTES, keyBytes);
  }

  read(offset: number, isFrozen: boolean, bytesMax = 1 << 17): Pick<ShardChunk, "bytes" | "then"> {
    const piece = this.stream.read(offset, bytesMax, isFrozen);
    if (piece === null) throw new Error(`nothing at ${offset}`);
    return { ...piece, bytes: piece.bytes.slice() };
  }

  /** From `offset` on, until the shard is to be frozen or there is no more: the pieces. */
  readOn(offset: number, isFrozen: boolean): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = offset, then: ShardChunk["then"] = "more"; then === "more";) {
      const piece = this.read(at, isFrozen);
      pieces.push(piece.bytes);
      at += piece.bytes.length;
      ({ then } = piece);
    }
    return pieces;
  }
}

function arrived(pieces: readonly Uint8Array[]): SessionedStore {
  const store = new SessionedStore(SESSIONS);
  const writer = store.beginArrival();
  for (const piece of pieces) writer.write(piece);
  writer.finish();
  return store;
}

const bytesOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0);

function filled(keys: number): Served {
  const served = new Served();
  for (let i = 0; i < keys; i++) served.apply(put(`key ${i}`, "x".repeat(200)));
  return served;
}

test("shard stream: what is written, deleted and opened while it is read comes with it", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const served = new Served();
    const keys = prng.pick([3, 100, 3000]);
    const sizes = prng.pick([[10], [0, 10, 300], [10, 5_000, 100_000]]);
    const write = (): void => {
      const key = `key ${prng.below(keys)}`;
      const draw = prng.below(10);
      if (draw === 0) served.apply(openSession());
      else if (draw < 3) served.apply(del(key));
      else if (draw < 5) served.apply(append(key, "and more"));
      else served.apply(put(key, "v".repeat(prng.pick(sizes))));
    };
    for (let i = prng.below(2 * keys); i > 0; i--) write();
    served.stream = new ShardStream(1, served.store);
    const freezeAt = prng.below(60);
    const pieces: Uint8Array[] = [];
    let offset = 0;
    for (let step = 0, then: string = "more"; then !== "end"; step++) {
      const isFrozen = step >= freezeAt;
      for (let i = isFrozen ? 0 : prng.below(prng.pick([2, 50])); i > 0; i--) write();
      const piece = served.read(offset, isFrozen, prng.pick([1000, 1 << 17]));
      expect(served.read(offset, isFrozen, piece.bytes.length || 1).bytes).toEqual(piece.bytes);
      pieces.push(piece.bytes);
      offset += piece.bytes.length;
      ({ then } = piece);
    }
    const digest = arrived(pieces).digest();
    if (digest !== served.store.digest()) throw new Error(`seed ${seed}: another shard arrives`);
  }
});

test("shard stream: all but what changed last is read before the freeze", () => {
  const served = filled(5000);
  const before = served.readOn(0, false);
  for (let i = 0; i < 10; i++) served.apply(put(`key ${i}`, "changed"));
  const after = served.readOn(bytesOf(before), true);
  expect(bytesOf(before)).toBeGreaterThan(1_000_000);
  expect(bytesOf(after)).toBeLessThan(1000);
  expect(arrived([...before, ...after]).digest()).toBe(served.store.digest());
});

test("shard stream: while more has changed than fits a piece, it comes before the freeze", () => {
  const served = filled(5000);
  const pieces = [served.read(0, false).bytes];
  for (let i = 0; i < 2000; i++) served.apply(put(`key ${i}`, "y".repeat(200)));
  pieces.push(...served.readOn(bytesOf(pieces), false));
  const after = served.readOn(bytesOf(pieces), true);
  expect(bytesOf(after)).toBeLessThan(100);
  expect(arrived([...pieces, ...after]).digest()).toBe(served.store.digest());
});

test("shard stream: the last pieces can be had again, those before cannot", () => {
  const served = filled(20_000);
  const pieces = served.readOn(0, false);
  const offsetOf = (piece: number): number => bytesOf(pieces.slice(0, piece));
  for (const back of [1, 4, 8]) {
    const piece = pieces.length - back;
    expect(served.read(offsetOf(piece), false).bytes).toEqual(pieces[piece]!);
  }
  expect(served.stream.read(0, 1000, false)).toBeNull();
  expect(served.stream.read(bytesOf(pieces) + 1, 1000, false)).toBeNull();
});

test("shard stream: a shard that changes faster than it is read is to be frozen, and read anew", () => {
  const served = filled(100);
  const { bytes } = served.read(0, false, 1000);
  for (let i = 0; i <= 17_000; i++) served.apply(put(`other ${i}`, ""));
  for (let i = 0; i <= 17_000; i++) served.apply(del(`other ${i}`));
  expect(served.read(bytes.length, false)).toEqual({ bytes: new Uint8Array(0), then: "freeze" });
  expect(served.stream.read(bytes.length, 1000, true)).toBeNull();
});

test("shard stream: where each key comes once, in a snapshot, it is refused", () => {
  const served = filled(1000);
  const first = served.read(0, false);
  served.apply(put("key 1", "changed"));
  served.apply(del("key 2"));
  const pieces = [first.bytes, ...served.readOn(first.bytes.length, true)];
  expect(arrived(pieces).digest()).toBe(served.store.digest());
  const writer = new SessionedStore(SESSIONS).beginRestore();
  expect(() => {
    for (const piece of pieces) writer.write(piece);
  }).toThrow(SnapshotFormatError);
});
