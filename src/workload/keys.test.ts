import { describe, expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { KEY_BYTES, keyChooser, keyText, KEYS_MAX, writeKey, zipfian } from "./keys.ts";

const SEED = 20260731;
const KEYS = 1000;
const DRAWS = 200_000;

function countDraws(distribution: "uniform" | "zipfian" | "latest"): Float64Array {
  const choose = keyChooser(distribution, KEYS, new Prng(SEED));
  const counts = new Float64Array(KEYS);
  for (let i = 0; i < DRAWS; i++) counts[choose(false)]!++;
  return counts;
}

describe("keys", () => {
  test("the bytes are the text, from the first key to the last", () => {
    const bytes = new Uint8Array(KEY_BYTES);
    for (const key of [0, 7, 1234567, KEYS_MAX - 1]) {
      writeKey(bytes, key);
      expect(new TextDecoder().decode(bytes)).toBe(keyText(key));
    }
  });

  test("uniform: every key about as often as another", () => {
    const counts = countDraws("uniform");
    expect(Math.min(...counts), `seed ${SEED}`).toBeGreaterThan(120);
    expect(Math.max(...counts), `seed ${SEED}`).toBeLessThan(290);
  });

  test("zipfian: rank r comes in proportion to 1/r^0.99, on keys that lie apart", () => {
    const counts = countDraws("zipfian");
    const ranked = [...counts].sort((a, b) => b - a);
    expect(ranked[0]! / ranked[9]!, `seed ${SEED}`).toBeCloseTo(10 ** 0.99, -0.5);
    const top = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]!).slice(0, 3);
    expect(Math.abs(top[0]! - top[1]!)).toBeGreaterThan(1);
    expect(Math.abs(top[1]! - top[2]!)).toBeGreaterThan(1);
  });

  test("zipfian: stays in range for one key, two and ten million", () => {
    for (const n of [1, 2, 3, KEYS_MAX]) {
      const rank = zipfian(n, new Prng(SEED));
      for (let i = 0; i < 1000; i++) {
        const r = rank();
        expect(Number.isInteger(r) && r >= 0 && r < n, `seed ${SEED} n ${n} rank ${r}`).toBe(true);
      }
    }
  });

  test("latest: writes go round the keys, reads fall on those written last", () => {
    const choose = keyChooser("latest", KEYS, new Prng(SEED));
    expect([choose(true), choose(true), choose(true)]).toEqual([0, 1, 2]);
    let recent = 0;
    for (let i = 0; i < 1000; i++) {
      const age = (2 - choose(false) + KEYS) % KEYS;
      if (age < 100) recent++;
    }
    expect(recent, `seed ${SEED}`).toBeGreaterThan(600);
  });
});
