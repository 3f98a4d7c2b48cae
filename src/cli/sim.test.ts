import { expect, test } from "bun:test";
import { runOrdeal } from "./testing/ordeal.ts";

const sim = (...args: readonly string[]) => runOrdeal(["sim", ...args], { NO_COLOR: "1" });

type Document = {
  readonly verdict: string;
  readonly schedules: number;
  readonly totals: object;
  readonly speed: { readonly simulatedPerSecond: number };
};

test("ordeal sim: several processes do the same work as one", async () => {
  const args = ["--seeds", "6", "--duration", "2s", "--json"];
  const [one, three] = await Promise.all([sim(...args), sim(...args, "--jobs", "3")]);
  const documents = [one, three].map(({ out }) => JSON.parse(out) as Document);
  expect(documents.map(({ verdict }) => verdict)).toEqual(["pass", "pass"]);
  expect(documents.map(({ schedules }) => schedules)).toEqual([6, 6]);
  const [first, second] = documents.map(({ totals }) => rounded(totals));
  expect(second).toEqual(first!);
  expect(documents[0]!.speed.simulatedPerSecond).toBeGreaterThan(0);
  expect([one.code, three.code]).toEqual([0, 0]);
});

/** Sums of doubles depend on their order in the last digits. */
const rounded = (totals: object): object =>
  Object.fromEntries(
    Object.entries(totals).map(([name, sum]) => [name, Math.round(sum as number)]),
  );

test("ordeal sim: says the speed, and nothing on a stderr that is no terminal", async () => {
  const { code, out, err } = await sim("--seed", "7", "--nodes", "3", "--duration", "1s");
  expect(out).toStartWith("PASS  1 schedule");
  expect(out).toContain("simulated seconds a second");
  expect(err).toBe("");
  expect(code).toBe(0);
});

test("ordeal sim: bad input is told, with what to write", async () => {
  const { code, err } = await sim("--nodes", "5..3");
  expect(err).toContain("write it like 5 or 3..7");
  expect(code).toBe(64);
});
