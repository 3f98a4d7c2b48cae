import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { commandProblem, KEY_BYTES_MAX, OP_SCAN } from "./command.ts";
import { after, prefixEnd, readScanReply, SCAN_REPLY_BYTES, scanCommand } from "./scan-reply.ts";
import { createStateMachine } from "./sessions.ts";
import type { StateMachine } from "./state-machine.ts";
import { OK } from "./status.ts";
import { KvStore } from "./store.ts";
import { command, del, Driver, encoded, put } from "./testing/commands.ts";

const SEED = 20261121;
const utf8 = new TextEncoder();
const NO_END: Uint8Array = new Uint8Array(0);

type Machine = Pick<StateMachine, "result" | "read">;
type Found = { readonly key: Buffer; readonly value: string; readonly version: number };

/** One reply, its bytes copied: the machine uses them again. */
function page(machine: Machine, from: Uint8Array, end = NO_END, limit = 1000) {
  const { bytes, view, at, end: to } = encoded(scanCommand(from, end, limit));
  expect(commandProblem(view, at, to)).toBeNull();
  machine.read(bytes, view, at, to);
  const { status, version, valueIn, valueAt, valueBytes } = machine.result;
  expect(status).toBe(OK);
  const reply = readScanReply(valueIn.slice(valueAt, valueAt + valueBytes), 0, valueBytes)!;
  expect(reply.entries.length).toBe(version);
  return reply;
}

/** All pages of a scan, and how many there were. */
function scan(machine: Machine, from: Uint8Array, end = NO_END, limit = 1000) {
  const found: Found[] = [];
  let pages = 0;
  for (let next: Uint8Array | null = from; next !== null; pages++) {
    const reply = page(machine, next, end, limit);
    for (const { key, value, version } of reply.entries) {
      found.push({ key: Buffer.from(key), value: Buffer.from(value).toString(), version });
    }
    expect(reply.entries.length).toBeLessThanOrEqual(limit);
    next = reply.next;
  }
  return { found, pages };
}

const texts = (found: readonly Found[]): string[] => found.map(({ key }) => key.toString());

test("scan: keys within the bounds, in the order of their bytes, with values and versions", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  for (const key of ["b", "a", "ab", "B", "a\0", "ü", "b"]) kv.apply(put(key, `value of ${key}`));
  expect(texts(scan(store, NO_END).found)).toEqual(["B", "a", "a\0", "ab", "b", "ü"]);
  const { found } = scan(store, utf8.encode("a\0"), utf8.encode("c"));
  expect(found.map(({ key, ...rest }) => ({ key: key.toString(), ...rest }))).toEqual([
    { key: "a\0", value: "value of a\0", version: 1 },
    { key: "ab", value: "value of ab", version: 1 },
    { key: "b", value: "value of b", version: 2 },
  ]);
  expect(texts(scan(store, utf8.encode("a"), utf8.encode("a")).found)).toEqual([]);
});

test("scan: an empty store has nothing, and what comes later is found", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  expect(page(store, NO_END)).toEqual({ entries: [], next: null });
  kv.apply(put("k", "v"));
  expect(texts(scan(store, NO_END).found)).toEqual(["k"]);
  kv.apply(del("k"));
  expect(page(store, NO_END)).toEqual({ entries: [], next: null });
});

test("scan: a page ends at its limit, and the next one goes on where it ended", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  for (let i = 0; i < 10; i++) kv.apply(put(`k${i}`, "v"));
  const first = page(store, NO_END, NO_END, 5);
  expect(Buffer.from(first.next!).toString()).toBe("k4\0");
  // Exactly to the end: there is no empty page after it.
  expect(page(store, first.next!, NO_END, 5).next).toBeNull();
  expect(page(store, NO_END, utf8.encode("k5"), 5).next).toBeNull();
  expect(scan(store, NO_END, NO_END, 3).pages).toBe(4);
});

test("scan: a reply is bounded in bytes, but one entry always fits", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  const big = "x".repeat(300_000);
  for (let i = 0; i < 7; i++) kv.apply(put(`k${i}`, big));
  kv.apply(put("k3", "y".repeat(2 * SCAN_REPLY_BYTES)));
  const { found, pages } = scan(store, NO_END);
  expect(texts(found)).toEqual(["k0", "k1", "k2", "k3", "k4", "k5", "k6"]);
  expect(found.map(({ value }) => value.length)).toEqual(
    [3, 1, 3].flatMap((n, i) =>
      Array.from({ length: n }, () => (i === 1 ? 2 * SCAN_REPLY_BYTES : big.length)),
    ),
  );
  expect(pages).toBe(3);
});

test("scan: the bounds of a prefix hold what begins with it, and nothing else", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  const bytes = (...values: number[]): string => Buffer.from(values).toString("latin1");
  const keys = [[1], [1, 0], [1, 255], [1, 255, 255], [2], [255], [255, 255]].map((key) =>
    Uint8Array.from(key),
  );
  for (const key of keys) kv.apply({ ...put("k", "v"), key });
  const under = (...prefix: number[]): string[] => {
    const from = Uint8Array.from(prefix);
    return scan(store, from, prefixEnd(from)).found.map(({ key }) => key.toString("latin1"));
  };
  expect(under(1)).toEqual([bytes(1), bytes(1, 0), bytes(1, 255), bytes(1, 255, 255)]);
  expect(under(1, 255)).toEqual([bytes(1, 255), bytes(1, 255, 255)]);
  expect(under(255)).toEqual([bytes(255), bytes(255, 255)]);
  expect(under().length).toBe(keys.length);
  expect(after(Uint8Array.of(7))).toEqual(Uint8Array.of(7, 0));
});

test("scan: what it may ask for is limited, and a cursor after the longest key is allowed", () => {
  const problemOf = (...of: Parameters<typeof scanCommand>): string | null => {
    const { view, at, end } = encoded(scanCommand(...of));
    return commandProblem(view, at, end);
  };
  const cursor = after(new Uint8Array(KEY_BYTES_MAX));
  expect(problemOf(cursor, cursor, 1000)).toBeNull();
  expect(problemOf(after(cursor), NO_END, 1)).toBe("scan from 4098 to 0 bytes, the limit is 4097");
  expect(problemOf(NO_END, after(cursor), 1)).toBe("scan from 0 to 4098 bytes, the limit is 4097");
  expect(problemOf(NO_END, NO_END, 0)).toBe("scan of 0 keys, not 1 to 1000");
  expect(problemOf(NO_END, NO_END, 1001)).toBe("scan of 1001 keys, not 1 to 1000");
});

test("scan: a damaged reply is told from a sound one", () => {
  const store = new KvStore();
  new Driver(store).apply(put("key", "value"));
  const { bytes, view, at, end } = encoded(scanCommand(NO_END, NO_END, 10));
  store.read(bytes, view, at, end);
  const reply = store.result.valueIn.slice(0, store.result.valueBytes);
  expect(readScanReply(reply, 0, reply.length)?.entries.length).toBe(1);
  for (let cut = 0; cut < reply.length; cut++) {
    if (cut !== 4) expect(readScanReply(reply, 0, cut)).toBeNull();
  }
});

/** Keys of every kind: short and long, with common beginnings, zeros and bytes of 255. */
function randomKey(prng: Prng): Uint8Array {
  const alphabet = [0, 0, 1, 107, 255];
  const shared = prng.chance(0.5) ? [107, 107, 107, 107, 107] : [];
  const rest = Array.from({ length: 1 + prng.below(7) }, () => prng.pick(alphabet));
  return Uint8Array.from([...shared, ...rest]);
}

test("scan: interleaved with puts, appends and deletes it is what a sorted model says", () => {
  for (let seed = SEED; seed < SEED + 6; seed++) {
    const prng = new Prng(seed);
    const store = new KvStore();
    const kv = new Driver(store);
    const model = new Map<string, { key: Buffer; value: string; version: number }>();
    // Some stores are full before their first scan, others grow under the eyes of their index.
    const firstScanAt = prng.pick([0, 300, 1000]);
    for (let step = 0; step < 1500; step++) {
      const key = randomKey(prng);
      const name = Buffer.from(key).toString("hex");
      const before = model.get(name);
      if (prng.chance(0.3)) {
        kv.apply({ ...del("k"), key });
        model.delete(name);
      } else {
        // Sizes that send an entry from cell to cell.
        const value = "v".repeat(prng.pick([0, 10, 100, 2000]));
        kv.apply({ ...put("k", value), key });
        model.set(name, { key: Buffer.from(key), value, version: (before?.version ?? 0) + 1 });
      }
      if (step < firstScanAt || !prng.chance(0.02)) continue;
      const from = prng.chance(0.2) ? NO_END : randomKey(prng);
      const end = prng.chance(0.5) ? NO_END : randomKey(prng);
      const expected = [...model.values()]
        .filter(({ key: own }) => Buffer.compare(own, from) >= 0)
        .filter(({ key: own }) => end.length === 0 || Buffer.compare(own, end) < 0)
        .sort((a, b) => Buffer.compare(a.key, b.key));
      const limit = prng.pick([1, 7, 1000]);
      const text = (found: readonly Found[]): string =>
        found.map((f) => `${f.key.toString("hex")} ${f.value} ${f.version}`).join("\n");
      const { found } = scan(store, from, end, limit);
      expect(text(found), `seed ${seed}, step ${step}`).toBe(text(expected));
    }
  }
});

test("scan: large blocks split, empty and go, and the order stays", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  const prng = new Prng(SEED);
  page(store, NO_END);
  const keys = Array.from({ length: 6000 }, (_, i) => `k${String(i).padStart(5, "0")}`);
  for (const key of prng.shuffle([...keys])) kv.apply(put(key, "v"));
  expect(texts(scan(store, NO_END).found)).toEqual(keys);
  const gone = new Set(keys.slice(1000, 5000));
  for (const key of gone) kv.apply(del(key));
  expect(texts(scan(store, NO_END).found)).toEqual(keys.filter((key) => !gone.has(key)));
  for (const key of keys) kv.apply(del(key));
  expect(texts(scan(store, NO_END).found)).toEqual([]);
});

test("scan: a restored snapshot is scanned anew", () => {
  const from = createStateMachine();
  const to = createStateMachine();
  const kv = new Driver(from);
  for (const key of ["c", "a", "b"]) kv.apply(put(key, key));
  new Driver(to).apply(put("z", "z"));
  expect(texts(scan(to, NO_END).found)).toEqual(["z"]);
  const reader = from.beginSnapshot();
  const writer = to.beginRestore();
  for (let bytes = reader.next(1 << 16); bytes !== null; bytes = reader.next(1 << 16)) {
    writer.write(bytes);
  }
  writer.finish();
  expect(texts(scan(to, NO_END).found)).toEqual(["a", "b", "c"]);
});

test("scan: through the log it changes nothing, and sessions do not remember it", () => {
  const store = createStateMachine();
  const kv = new Driver(store);
  kv.apply(put("a", "v"));
  const digest = store.digest();
  expect(kv.apply(command({ op: OP_SCAN, expected: 10 }))).toEqual({
    status: OK,
    version: 1,
    index: 2,
  });
  expect(store.digest()).toBe(digest);
});
