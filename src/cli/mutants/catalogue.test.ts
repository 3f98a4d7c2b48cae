import { expect, test } from "bun:test";
import { join } from "node:path";
import { defineMutant, type Mutant } from "../../chaos/mutant.ts";
import { patched } from "../../chaos/patch.ts";
import { UserError } from "../../lib/user-error.ts";
import { findMutants, loadMutants } from "./catalogue.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

test("mutants: every patch fits the source as it is, and what comes of it parses", async () => {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const problems: string[] = [];
  for (const { name, patches } of await loadMutants()) {
    for (const file of new Set(patches.map((patch) => patch.file))) {
      const text = await Bun.file(join(ROOT, file)).text();
      try {
        const changed = patched(file, text, patches);
        expect(transpiler.transformSync(changed), name).not.toBe(transpiler.transformSync(text));
      } catch (error) {
        problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  expect(problems).toEqual([]);
});

test("mutants: docs/mutants.md says of every row which mutants plant it, or why none can", async () => {
  const text = await Bun.file(join(ROOT, "docs", "mutants.md")).text();
  const rows = [...text.matchAll(/^\| (\d+) +\| ([^|]+)\|/gm)].map(([, row, names = ""]) => ({
    row: Number(row),
    names: [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  }));
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 67 }, (_, i) => i + 1));
  const mutants = await loadMutants();
  for (const { row, names } of rows) {
    const planted = mutants.filter((mutant) => mutant.row === row).map(({ name }) => name);
    expect(names, `row ${row}`).toEqual(planted);
  }
});

test("mutants: an unknown name is refused with the nearest known one", () => {
  expect(findMutants(["vote-no-fsyncs"])).rejects.toThrow('did you mean "vote-no-fsync"?');
});

test("mutants: a patch that does not fit, or fits twice, is an error", () => {
  const patch = { file: "a.ts", find: "b", replace: "c" };
  expect(() => patched("a.ts", "no such text", [patch])).toThrow("does not fit a.ts: found 0");
  expect(() => patched("a.ts", "b b", [patch])).toThrow("found 2 times");
  expect(patched("a.ts", "a b", [patch, { ...patch, file: "other.ts" }])).toBe("a c");
});

test("mutants: a module that defines nonsense says what is wrong with it", () => {
  const sound: Mutant = {
    row: 1,
    name: "some-bug",
    about: "",
    seenIn: "–",
    patches: [{ file: "a.ts", find: "b", replace: "c" }],
    detectors: ["ES"],
    arena: { kind: "sim" },
  };
  expect(defineMutant(sound)).toBe(sound);
  const nonsense = { ...sound, name: "No Name", patches: [], detectors: [] };
  expect(() => defineMutant(nonsense)).toThrow(UserError);
  expect(() => defineMutant(nonsense)).toThrow("it patches nothing");
});
