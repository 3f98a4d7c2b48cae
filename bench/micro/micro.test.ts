import { expect, test } from "bun:test";
import { checkFigures } from "../../src/bench/dsl.ts";
import micro from "../micro.ts";

test("bench micro: a quick run measures every part; recording an operation has a goal", async () => {
  const parts: string[] = [];
  const progress = (what: string): void => void parts.push(what);
  const figures = checkFigures(
    "micro",
    await micro.run({ dir: "", seed: 1, quick: true, progress }),
  );
  expect(figures.map(({ name }) => name)).toEqual(parts);
  expect(figures.every(({ value, unit }) => value > 0 && unit === "ns")).toBe(true);
  const names = figures.map(({ name }) => name).join("\n");
  for (const part of [
    "histogram",
    "history",
    "encode",
    "decode",
    "log",
    "WAL",
    "checker",
    "simulator",
  ])
    expect(names).toContain(part);
  expect(figures.filter(({ goal }) => goal !== null)).toMatchObject([
    { name: "recording an operation, closed loop", goal: { atMost: 20 } },
  ]);
}, 60_000);
