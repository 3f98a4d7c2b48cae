import { expect, test } from "bun:test";
import type { Schedule } from "../chaos/schedule.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const ordeal = (...args: readonly string[]) => runOrdeal(args);

test("chaos list: names what the field knows, for people and for scripts", async () => {
  const [text, json] = await Promise.all([
    ordeal("chaos", "list"),
    ordeal("chaos", "list", "--json"),
  ]);
  const { scenarios } = JSON.parse(json.out) as {
    readonly scenarios: readonly { readonly name: string; readonly faults: readonly string[] }[];
  };
  expect(scenarios.find(({ name }) => name === "paused-leader")?.faults).toEqual(["pause"]);
  for (const { name } of scenarios) expect(text.out).toContain(`${name}  (`);
  expect([text.code, json.code, text.err, json.err]).toEqual([0, 0, "", ""]);
});

test("chaos show: the same seed prints the same schedule, at the asked length", async () => {
  const show = (): ReturnType<typeof ordeal> =>
    ordeal("chaos", "show", "kitchen-sink", "--seed", "7", "--duration", "5s", "--json");
  const [a, b] = await Promise.all([show(), show()]);
  expect(a.out).toBe(b.out);
  const { schedule } = JSON.parse(a.out) as { readonly schedule: Schedule };
  expect(schedule.durationMs).toBe(5_000);
  expect(schedule.actions.length).toBeGreaterThan(5);
});

test("chaos run: bad input is answered with the fix and exit code 64, before anything starts", async () => {
  const [unknown, duration, nodes] = await Promise.all([
    ordeal("chaos", "run", "leader-chrun"),
    ordeal("chaos", "run", "bridge", "--duration", "soon"),
    ordeal("chaos", "run", "bridge", "--nodes", "2"),
  ]);
  expect(unknown.err).toContain(`did you mean "leader-churn"?`);
  expect(duration.err).toContain(`"soon" is not a duration`);
  expect(nodes.err).toContain("use 3 nodes or more");
  for (const { code, out } of [unknown, duration, nodes]) expect([code, out]).toEqual([64, ""]);
});
