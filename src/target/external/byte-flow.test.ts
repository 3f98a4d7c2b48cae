import { expect, test } from "bun:test";
import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import { until } from "../until.ts";
import { ByteFlow } from "./byte-flow.ts";

const WITHIN_MS = 20_000;

function flow() {
  const seen: string[] = [];
  const end = {
    write: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString()),
    end: () => void seen.push("END"),
    overflow: () => void seen.push("OVERFLOW"),
  };
  return { seen, flow: new ByteFlow(end, new Prng(1)) };
}

test("byte flow: a clear link passes bytes on at once, and the end after them", () => {
  const { seen, flow: f } = flow();
  f.push(Buffer.from("a"));
  f.push(Buffer.from("b"));
  f.end();
  expect(seen).toEqual(["a", "b", "END"]);
});

test("byte flow: a cut link keeps bytes and the end, and lets them through once it is healed", () => {
  const { seen, flow: f } = flow();
  f.set({ ...CLEAR_LINK, cut: true });
  f.push(Buffer.from("a"));
  f.push(Buffer.from("b"));
  f.end();
  expect(seen).toEqual([]);
  f.set(CLEAR_LINK);
  expect(seen).toEqual(["a", "b", "END"]);
});

test("byte flow: a delayed link keeps the order, whatever the jitter", async () => {
  const { seen, flow: f } = flow();
  f.set({ ...CLEAR_LINK, delayMs: 5, jitterMs: 20, tailRatio: 0.2, tailMs: 30 });
  const texts = Array.from({ length: 20 }, (_, i) => String(i));
  for (const text of texts) f.push(Buffer.from(text));
  f.end();
  expect(seen).toEqual([]);
  await until("all has arrived", WITHIN_MS, () => seen.includes("END"));
  expect(seen).toEqual([...texts, "END"]);
});

test("byte flow: a cut stops what was delayed, and a close forgets it", async () => {
  const { seen, flow: f } = flow();
  f.set({ ...CLEAR_LINK, delayMs: 1 });
  f.push(Buffer.from("a"));
  f.set({ ...CLEAR_LINK, cut: true });
  const other = flow();
  other.flow.set({ ...CLEAR_LINK, delayMs: 2 });
  other.flow.push(Buffer.from("later"));
  await until("the other's time has come", WITHIN_MS, () => other.seen.length === 1);
  expect(seen).toEqual([]);
  f.close();
  f.set(CLEAR_LINK);
  expect(seen).toEqual([]);
});

test("byte flow: it does not keep more than it may", () => {
  const { seen, flow: f } = flow();
  f.set({ ...CLEAR_LINK, cut: true });
  for (let i = 0; i < 17; i++) f.push(new Uint8Array(1 << 20));
  expect(seen).toEqual(["OVERFLOW"]);
});
