import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { OP_PUT, VALUE_BYTES_MAX } from "./command.ts";
import { INVALID, NOT_FOUND, OK, VERSION_MISMATCH } from "./status.ts";
import { KvStore } from "./store.ts";
import { append, command, del, Driver, get, openSession, put, putIf } from "./testing/commands.ts";

function newStore(): { store: KvStore; kv: Driver } {
  const store = new KvStore();
  return { store, kv: new Driver(store) };
}

test("put: raises the version by one, from 0 while absent", () => {
  const { store, kv } = newStore();
  expect(kv.read("a")).toEqual({ status: NOT_FOUND, version: 0 });
  expect(kv.apply(put("a", "one"))).toEqual({ status: OK, version: 1, index: 1 });
  expect(kv.apply(put("a", "two"))).toEqual({ status: OK, version: 2, index: 2 });
  expect(kv.read("a")).toEqual({ status: OK, version: 2, value: "two" });
  expect(store.size).toBe(1);
});

test("put with expected: the wrong version changes nothing and tells the current one", () => {
  const { kv } = newStore();
  expect(kv.apply(putIf("a", 1, "x"))).toEqual({ status: VERSION_MISMATCH, version: 0, index: 1 });
  expect(kv.read("a").status).toBe(NOT_FOUND);
  expect(kv.apply(putIf("a", 0, "one"))).toEqual({ status: OK, version: 1, index: 2 });
  expect(kv.apply(putIf("a", 0, "x"))).toEqual({ status: VERSION_MISMATCH, version: 1, index: 3 });
  expect(kv.apply(putIf("a", 1, "two"))).toEqual({ status: OK, version: 2, index: 4 });
  expect(kv.read("a")).toEqual({ status: OK, version: 2, value: "two" });
});

test("append: to an absent key is a put, otherwise the value grows", () => {
  const { kv } = newStore();
  expect(kv.apply(append("a", "x"))).toEqual({ status: OK, version: 1, index: 1 });
  expect(kv.apply(append("a", "y".repeat(300)))).toEqual({ status: OK, version: 2, index: 2 });
  expect(kv.apply(append("a", ""))).toEqual({ status: OK, version: 3, index: 3 });
  expect(kv.read("a")).toEqual({ status: OK, version: 3, value: `x${"y".repeat(300)}` });
});

test("append: a result beyond the value limit is invalid and changes nothing", () => {
  const { kv } = newStore();
  const full = new Uint8Array(VALUE_BYTES_MAX - 1).fill(0x61);
  kv.apply(put("a", full));
  expect(kv.apply(append("a", "bb"))).toEqual({ status: INVALID, version: 1, index: 2 });
  expect(kv.apply(append("a", "b"))).toEqual({ status: OK, version: 2, index: 3 });
  expect(kv.apply(append("a", "b"))).toEqual({ status: INVALID, version: 2, index: 4 });
  expect(kv.read("a").value?.slice(-2)).toBe("ab");
});

test("delete: the key is absent, and its versions start over", () => {
  const { store, kv } = newStore();
  expect(kv.apply(del("a"))).toEqual({ status: NOT_FOUND, version: 0, index: 1 });
  kv.apply(put("a", "one"));
  kv.apply(put("a", "two"));
  expect(kv.apply(del("a"))).toEqual({ status: OK, version: 0, index: 4 });
  expect(kv.read("a")).toEqual({ status: NOT_FOUND, version: 0 });
  expect(store.size).toBe(0);
  expect(kv.apply(append("a", "three"))).toEqual({ status: OK, version: 1, index: 5 });
});

test("get and openSession: through the log they change nothing", () => {
  const { store, kv } = newStore();
  kv.apply(put("a", "one"));
  const before = store.digest();
  expect(kv.apply(get("a"))).toEqual({ status: OK, version: 1, index: 2 });
  expect(kv.apply(openSession())).toEqual({ status: OK, version: 0, index: 3 });
  expect(store.digest()).toBe(before);
});

test("result: no value is left over from an earlier get", () => {
  const { store, kv } = newStore();
  kv.apply(put("a", "one"));
  kv.read("a");
  expect(store.result.valueBytes).toBe(3);
  kv.apply(put("a", "two"));
  expect(store.result.valueBytes).toBe(0);
  kv.read("a");
  kv.read("absent");
  expect(store.result.valueBytes).toBe(0);
});

test("digest: depends on the state alone, not on how it came about", () => {
  const one = newStore();
  one.kv.apply(put("a", "1"));
  one.kv.apply(put("b", "2"));
  const other = newStore();
  for (let i = 0; i < 5000; i++) other.kv.apply(put(`k${i}`, "x"));
  for (let i = 0; i < 5000; i++) other.kv.apply(del(`k${i}`));
  other.kv.apply(put("b", "2"));
  other.kv.apply(put("a", "1"));
  expect(other.store.digest()).toBe(one.store.digest());
  const digests = new Set([one.store.digest()]);
  for (const change of [put("a", "1"), put("a", "2"), put("", "1"), del("a"), append("b", "1")]) {
    one.kv.apply(change.key.length === 0 ? command({ op: OP_PUT, key: Uint8Array.of(0) }) : change);
    digests.add(one.store.digest());
  }
  expect(digests.size).toBe(6);
});

/** The same rules, on a Map: what the store is compared with. */
class Model {
  readonly entries = new Map<string, { value: string; version: number }>();

  apply(op: string, key: string, value: string, expected: number | null): [number, number] {
    const before = this.entries.get(key) ?? { value: "", version: 0 };
    if (op === "delete") {
      return this.entries.delete(key) ? [OK, 0] : [NOT_FOUND, 0];
    }
    if (expected !== null && expected !== before.version) return [VERSION_MISMATCH, before.version];
    const after = op === "append" ? before.value + value : value;
    this.entries.set(key, { value: after, version: before.version + 1 });
    return [OK, before.version + 1];
  }
}

/** Sizes around the class borders, and now and then a value with a buffer of its own. */
function someValue(prng: Prng): string {
  const size = prng.chance(0.01)
    ? prng.between(60_000, 70_000)
    : prng.chance(0.2)
      ? prng.between(0, 3000)
      : prng.between(0, 300);
  return String.fromCharCode(prng.between(97, 122)).repeat(size);
}

test("store: random operations give what a Map gives", () => {
  for (const seed of [1, 2, 3]) {
    const prng = new Prng(seed);
    const { store, kv } = newStore();
    const model = new Model();
    for (let i = 0; i < 15_000; i++) {
      const name = `key-${prng.below(prng.chance(0.5) ? 20 : 3000)}`;
      const key = name.slice(0, prng.between(5, name.length));
      const value = someValue(prng);
      const at = `seed ${seed}, operation ${i}`;
      const op = prng.pick(["put", "put", "append", "delete"] as const);
      const expected = op === "put" && prng.chance(0.3) ? prng.below(4) : null;
      const sent =
        op === "delete"
          ? del(key)
          : op === "append"
            ? append(key, value)
            : expected === null
              ? put(key, value)
              : putIf(key, expected, value);
      const { status, version } = kv.apply(sent);
      expect([at, status, version]).toEqual([at, ...model.apply(op, key, value, expected)]);
      const other = `key-${prng.below(3000)}`;
      const known = model.entries.get(other);
      expect([at, kv.read(other)]).toEqual([
        at,
        known === undefined ? { status: NOT_FOUND, version: 0 } : { status: OK, ...known },
      ]);
    }
    const text = new TextDecoder();
    const held = [...store.entries()].map(
      (e) => [text.decode(e.key), { value: text.decode(e.value), version: e.version }] as const,
    );
    expect(new Map(held)).toEqual(model.entries);
    expect(store.size).toBe(model.entries.size);
  }
});

test("store: memory is reused, whatever sizes a key goes through", () => {
  const { store, kv } = newStore();
  const round = (): void => {
    for (let i = 0; i < 200; i++) {
      for (const size of [1, 100, 5000, 70_000, 300]) kv.apply(put(`k${i}`, new Uint8Array(size)));
    }
    for (let i = 0; i < 200; i++) kv.apply(del(`k${i}`));
  };
  round();
  const held = store.slabBytes;
  for (let i = 0; i < 5; i++) round();
  expect(store.slabBytes).toBe(held);
  expect(store.size).toBe(0);
});

test("store: a small value after a large one does not keep the large one's memory", () => {
  const { store, kv } = newStore();
  kv.apply(put("a", new Uint8Array(1 << 20)));
  expect(store.slabBytes).toBeGreaterThan(1 << 20);
  kv.apply(put("a", "small"));
  expect(store.slabBytes).toBeLessThan(1 << 20);
  expect(kv.read("a")).toEqual({ status: OK, version: 2, value: "small" });
});
