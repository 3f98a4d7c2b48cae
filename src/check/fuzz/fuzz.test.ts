import { Glob } from "bun";
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { ModelName } from "../models.ts";
import type { Path } from "../path.ts";
import { fuzzSeed, newCounts } from "./hunt.ts";
import { judge } from "./judge.ts";
import { coreHolds, isLinearizable, replays } from "./reference.ts";
import { shrinkOps } from "./shrink.ts";
import type { SmallOp } from "./small.ts";

const HISTORIES = 6000;
/** Others than `ordeal fuzz checker` draws by default. */
const FIRST_SEED = 1_000_000_000;
const CORPUS = join(import.meta.dir, "..", "testdata", "fuzz-corpus");

test("fuzz: the checker agrees with trying every order", () => {
  const counts = newCounts();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed++) {
    const finding = fuzzSeed(seed, counts);
    if (finding === null) continue;
    const ops = finding.ops.map((op) => JSON.stringify(op)).join("\n");
    const repeat = `repeat  ordeal fuzz checker --seed ${seed} --histories 1`;
    throw new Error(`seed ${seed}, model ${finding.model}: ${finding.problem}\n${ops}\n${repeat}`);
  }
  expect(counts.illegal).toBeGreaterThan(HISTORIES / 10);
  expect(counts.legal).toBeGreaterThan(HISTORIES / 10);
}, 60_000);

test("fuzz: the checker is right about every history of the corpus", async () => {
  let entries = 0;
  for await (const name of new Glob("*.json").scan(CORPUS)) {
    const { reason, model, ops } = (await Bun.file(join(CORPUS, name)).json()) as {
      readonly reason: string;
      readonly model: ModelName;
      readonly ops: readonly SmallOp[];
    };
    const { problem } = judge(ops, model);
    if (problem !== null) throw new Error(`${name} (${reason}): ${problem}`);
    entries++;
  }
  expect(entries).toBeGreaterThan(0);
}, 60_000);

const NOTHING = { key: 0, expected: -1, expectedValue: null, version: -1, index: 0 } as const;
const put = (value: string, call: number, ret: number | null): SmallOp => ({
  ...{ ...NOTHING, op: "put", value, call, ret, outcome: ret === null ? "info" : "ok" },
});
const get = (value: string | null, call: number, ret: number): SmallOp => ({
  ...{ ...NOTHING, op: "get", value, call, ret, outcome: "ok" },
});
const STALE = [put("v1", 0, 1), put("v2", 2, 3), get("v1", 4, 5)];

test("fuzz: a path that lies is found out, whatever it says", () => {
  const lies = (path: Path): string | null => judge(STALE, "auto", [["append", path]]).problem;
  const inOrderOfCall: Path = ({ operations }) => ({
    kind: "legal",
    witness: Int32Array.from(operations.ops.keys()),
  });
  const illegal =
    (...core: readonly number[]): Path =>
    () => ({ kind: "illegal", core, sentence: "no", arrows: [] });
  expect(lies(inOrderOfCall)).toBe("append gives an order that does not replay");
  expect(lies(illegal(0, 1))).toBe("append gives a core that is legal: operations 0 1");
  expect(lies(illegal())).toBe("append gives a core that is none: ");
  expect(lies(illegal(0, 0))).toBe("append gives a core that is none: 0 0");
  expect(lies(illegal(0, 1, 2))).toBeNull();
  const arrow = { before: 2, after: 1, why: "realTime" } as const;
  const withArrow: Path = () => ({
    ...{ kind: "illegal", core: [0, 1, 2], sentence: "no", arrows: [arrow] },
  });
  expect(lies(withArrow)).toBe("append draws an arrow (realTime) from 2 to 1 that is not there");
  const legal = judge(STALE.slice(0, 2), "auto", [["append", illegal(0)]]).problem;
  expect(legal).toBe("append says illegal, but key k0 is linearizable");
  const throws = judge(STALE, "auto", [
    [
      "append",
      () => {
        throw new Error("out of cheese");
      },
    ],
  ]);
  expect(throws.problem).toStartWith("the checker threw Error: out of cheese");
});

test("fuzz: what everything is compared with knows a stale read, and what may come late", () => {
  expect(isLinearizable(STALE)).toBe(false);
  expect(isLinearizable(STALE.with(1, put("v2", 2, 6)))).toBe(true);
  expect(isLinearizable(STALE.with(0, put("v1", 0, null)))).toBe(true);
  expect(coreHolds(STALE, new Set(STALE))).toBe(true);
  expect(coreHolds(STALE, new Set(STALE.slice(2)))).toBe(true); // Puts happened, whatever they told.
  expect(coreHolds(STALE, new Set(STALE.slice(0, 2)))).toBe(false);
  const [first, second] = STALE as [SmallOp, SmallOp];
  expect(replays([first, second], [first, second])).toBe(true);
  expect(replays([first, second], [second, first])).toBe(false);
  expect(replays([first, second], [first])).toBe(false);
  expect(replays([first, second], [first, second, second])).toBe(false);
});

test("fuzz: a finding is shrunk to what it takes", () => {
  const noise = [put("v7", 6, 7), { ...get("v7", 8, 9), version: 3, index: 7 }];
  const small = shrinkOps([...STALE, ...noise], (ops) => !isLinearizable(ops));
  expect(small).toEqual([get(small[0]!.value, 0, 1)]); // Nobody had written that by then.
  const whole = shrinkOps([...STALE, ...noise], (ops) => ops.length >= 3 && !isLinearizable(ops));
  expect(whole).toHaveLength(3);
  expect(whole.every(({ version, index }) => version < 0 && index === 0)).toBe(true);
});
