import { expect, test } from "bun:test";
import { runOrdeal } from "./testing/ordeal.ts";

const labs = (...args: readonly string[]) =>
  runOrdeal(["sim", "--scenario", ...args], { NO_COLOR: "1" });

test("ordeal sim --scenario: a line for each test of a lab, and the seeds", async () => {
  const { code, out } = await labs("3A", "--seeds", "2", "--seed", "5");
  const names = out.match(/^ok +\S+/gm)?.map((line) => line.split(/ +/)[1]);
  expect(names).toEqual(["3A/InitialElection", "3A/ReElection", "3A/ManyElections"]);
  expect(out).toContain("PASS  3 scenarios, 6 runs, seeds 5 to 6");
  expect(code).toBe(0);
});

test("ordeal sim --scenario: --json tells the counts of each", async () => {
  const { out } = await labs("3B/RPCBytes", "--json");
  const { verdict, scenarios } = JSON.parse(out) as {
    readonly verdict: string;
    readonly scenarios: readonly { readonly bytes: number; readonly rpcs: number }[];
  };
  expect(verdict).toBe("pass");
  expect(scenarios).toHaveLength(1);
  // 10 commands of 5000 bytes to 2 followers, and little else.
  expect(scenarios[0]!.bytes).toBeWithin(100_000, 120_000);
  expect(scenarios[0]!.rpcs).toBeGreaterThan(20);
});

test("ordeal sim --scenario: an unknown name is told, with the nearest that is known", async () => {
  const { code, err } = await labs("3B/Bakcup");
  expect(err).toContain("did you mean 3B/Backup?");
  expect(code).toBe(64);
});
