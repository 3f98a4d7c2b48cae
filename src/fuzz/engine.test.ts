import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Prng } from "../lib/prng.ts";
import { WireError } from "../wire/bytes.ts";
import { addToCorpus, readCorpus } from "./corpus.ts";
import type { Finding } from "./engine.ts";
import { minimise } from "./minimise.ts";
import { chunksOf, INPUT_BYTES_MAX, mutate } from "./mutate.ts";
import { runSession } from "./session.ts";
import { expect as promise, type FuzzTarget, outcomeOf } from "./target.ts";

const utf8 = new TextEncoder();
const SAMPLE = utf8.encode("length 16, and then sixteen bytes");

/** Fuzzes a decoder that is wrong on purpose. */
async function found(run: FuzzTarget["run"], executionsMax = 5000): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const target: FuzzTarget = { name: "wrong", samples: [SAMPLE], allocatesMax: () => 4096, run };
  await runSession(target, {
    ...{ seed: 3, corpus: [], executionsMax, durationMs: 60_000, only: null, grows: false },
    before: () => {},
    onProgress: () => {},
    onFinding: (finding) => void findings.push(finding),
  });
  return findings;
}

test("fuzzer: an error that is not the decoder's own is found, and its input is made short", async () => {
  const [finding, ...more] = await found((input) =>
    outcomeOf(() => {
      if (input.includes(0xff)) throw new TypeError("undefined is not an object");
      if (input.length < 8) throw new WireError("cut short");
      return "fine";
    }),
  );
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ kind: "error", input: Uint8Array.of(0xff) });
  expect(finding!.what).toStartWith("TypeError: undefined is not an object");
}, 60_000);

test("fuzzer: a length that is believed before it is checked is found by what is allocated", async () => {
  const [finding] = await found((input) => {
    const claimed = Number.parseInt(new TextDecoder().decode(input.subarray(7)), 10);
    return claimed > 0 ? `${new Uint8Array(Math.min(claimed, 2 ** 24)).length > 0}` : "none";
  });
  expect(finding).toMatchObject({ kind: "memory" });
  expect(finding!.what).toMatch(/^\d{4,} bytes are allocated for an input of \d+$/);
  expect(Uint8Array.name).toBe("Uint8Array");
  expect(new Uint8Array(3)).toEqual(Uint8Array.of(0, 0, 0));
}, 60_000);

test("fuzzer: a promise that is not kept is found; findings that are alike are told once", async () => {
  const findings = await found((input) => {
    promise(input.length !== SAMPLE.length - 1, `an input of ${input.length} bytes`);
    promise(input[0] !== 0, `begins with 0, of ${input.length} bytes`);
    return "fine";
  });
  const told = findings.map(({ kind, what }) => `${kind}: ${what.replace(/\d{2,}/, "N")}`).sort();
  expect(told).toEqual(["promise: an input of N bytes", "promise: begins with 0, of 1 bytes"]);
}, 60_000);

test("fuzzer: inputs that lead elsewhere lead further", async () => {
  // One byte more is right each time: to draw all three at once takes 2^24 tries.
  const [finding] = await found((input) => {
    let right = 0;
    while (right < 3 && input[right] === [1, 128, 127][right]) right++;
    if (right === 3) throw new RangeError("through");
    return "abcd".charAt(right);
  }, 50_000);
  expect(finding?.what).toStartWith("RangeError: through");
}, 60_000);

test("mutants: the same seed gives the same ones, none longer than the limit; chunks are the whole", () => {
  const others = [SAMPLE, new Uint8Array(INPUT_BYTES_MAX).fill(7)];
  const drawn = [1, 1, 2].map((seed) => {
    const prng = new Prng(seed);
    return Array.from({ length: 400 }, () => mutate(SAMPLE, prng, others));
  });
  expect(drawn[0]).toEqual(drawn[1]!);
  expect(drawn[0]).not.toEqual(drawn[2]!);
  for (const mutant of drawn[0]!) {
    expect(mutant.length).toBeLessThanOrEqual(INPUT_BYTES_MAX);
    const chunks = [...chunksOf(mutant, new Prng(9))];
    expect(Buffer.concat(chunks).equals(mutant)).toBe(true);
  }
  expect(new TextDecoder().decode(SAMPLE)).toBe("length 16, and then sixteen bytes");
}, 60_000);

test("minimise: what is not needed goes, within so many tries", async () => {
  const input = utf8.encode("a lot of text with x and y in it");
  const holds = async (shorter: Uint8Array): Promise<boolean> =>
    /x.*y/.test(new TextDecoder().decode(shorter));
  expect(new TextDecoder().decode(await minimise(input, holds, 1000))).toBe("xy");
  let tries = 0;
  await minimise(input, async () => ++tries < 0, 10);
  expect(tries).toBe(10);
}, 60_000);

test("corpus: what is kept comes back, shortest first and each outcome once; a damaged file is told", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-corpus-"));
  try {
    const kept = (why: string, bytes: number) => ({ why, input: new Uint8Array(bytes).fill(1) });
    expect(await addToCorpus(dir, "resp", [kept("b", 20), kept("a", 3), kept("huge", 5000)])).toBe(
      2,
    );
    expect(await addToCorpus(dir, "resp", [kept("a", 1), kept("c", 2)])).toBe(3);
    const inputs = readCorpus(dir, "resp").map(({ why, input }) => [why, input.length]);
    expect(inputs).toEqual([
      ["a", 3],
      ["b", 20],
      ["c", 2],
    ]);
    expect(readCorpus(dir, "json")).toEqual([]);
    await Bun.write(join(dir, "json.json"), '{"inputs":[{"why":"a","base64":"?"}]}');
    expect(() => readCorpus(dir, "json")).toThrow("cannot read the corpus");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
