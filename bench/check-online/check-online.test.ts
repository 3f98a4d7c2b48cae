import { expect, test } from "bun:test";
import { checkFigures } from "../../src/bench/dsl.ts";
import suite from "../check-online.ts";

test("bench check-online: a quick run gives every figure, and sees most of what is planted", async () => {
  const figures = await suite.run({ dir: "", seed: 1, quick: true, progress: () => {} });
  expect(checkFigures(suite.name, figures)).toHaveLength(14);
  const shares = figures.filter(({ name }) => name.startsWith("share found"));
  const sum = shares.reduce((total, { value }) => total + value, 0);
  expect(sum / shares.length, shares.map(({ note }) => note).join("; ")).toBeGreaterThan(0.8);
}, 60_000);
