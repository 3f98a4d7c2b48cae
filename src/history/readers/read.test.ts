import { expect, test } from "bun:test";
import { OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { UserError } from "../../lib/user-error.ts";
import { HistoryWriter, NO_VALUE } from "../codec.ts";
import { OUTCOME_OK } from "../op.ts";
import { FORMATS, formatOf, readAny } from "./read.ts";
import { AUTO, readText, shown } from "./testing/shown.ts";

const SAMPLES: Readonly<Record<string, string>> = {
  jsonl: `{"process":0,"type":"invoke","f":"put","key":"a","value":"x"}\n{"process":0,"type":"ok"}\n`,
  edn: `[{:process 0 :type :invoke :f :cas :value [1 2]}\n {:process 0 :type :ok :f :cas}]\n`,
  "porcupine-etcd":
    "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 0\t:ok\t:cas\t[1 2]\n",
  "porcupine-kv": `{:process 0, :type :invoke, :f :put, :key "0", :value "x"}\n`,
};

function binary(): Uint8Array {
  const writer = new HistoryWriter(1.8e15);
  const key = writer.defineKey("k");
  writer.invoke(0, OP_PUT, key, 1, -1, 1.8e15);
  writer.complete(0, OUTCOME_OK, 1, 1, NO_VALUE, 1.8e15 + 10);
  writer.invoke(1, OP_GET, key, NO_VALUE, -1, 1.8e15 + 15);
  writer.complete(1, OUTCOME_OK, 1, 1, 1, 1.8e15 + 20);
  return writer.take()!;
}

test("readers: the format is told from the first bytes, behind blanks and comments too", () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(FORMATS.filter((f) => f !== "ordeal").toSorted());
  for (const [format, text] of Object.entries(SAMPLES)) {
    expect(readText(text).format).toBe(format as never);
    expect(readText(`\n  ${text}`).format).toBe(format as never);
  }
  expect(formatOf(binary(), "h")).toBe("ordeal");
  expect(readText(`;; of a run\n${SAMPLES["edn"]!}`).format).toBe("edn");
  expect(() => readText("# notes\n")).toThrow(UserError);
  expect(() => readText("hello")).toThrow("h, byte 0: not a history in a format that is known");
  expect(() => readText("")).toThrow("h, byte 0: nothing in it");
});

test("readers: skew works on our own log, whose events have times", () => {
  expect(shown(readAny(binary(), "h", { ...AUTO, skewUs: 2 }).history)).toEqual([
    "0 put k v1 → version 1 [0, 1]",
    "1 get k → v1, version 1 [2, 3]",
  ]);
  expect(shown(readAny(binary(), "h", { ...AUTO, skewUs: 3 }).history)).toEqual([
    "0 put k v1 → version 1 [0, 2]",
    "1 get k → v1, version 1 [1, 3]",
  ]);
});

test("readers: text that is not UTF-8 is refused, not mended", () => {
  const bytes = new TextEncoder().encode(SAMPLES["jsonl"]!);
  bytes[bytes.indexOf("x".charCodeAt(0))] = 0xff;
  expect(() => readAny(bytes, "h")).toThrow("not UTF-8");
});

test("readers: damage anywhere is refused or read, never a crash", () => {
  for (const [format, text] of Object.entries(SAMPLES)) {
    const bytes = new TextEncoder().encode(text);
    for (let seed = 0; seed < 1500; seed++) {
      const random = new Prng(seed);
      const bad = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length) : bytes.length);
      if (bad.length > 0) bad[random.below(bad.length)] = 32 + random.below(95);
      try {
        readAny(bad, "h", { ...AUTO, format: format as never });
      } catch (error) {
        if (!(error instanceof UserError))
          throw new Error(`${format}, seed ${seed}`, { cause: error });
      }
    }
  }
});
