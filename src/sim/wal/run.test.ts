import { expect, test } from "bun:test";
import { runWal } from "./run.ts";

test("log on a volatile disk: 400 schedules of lost power, failed syncs and flipped bits lose nothing durable", () => {
  for (let seed = 1; seed <= 400; seed++) expect(runWal(seed), `seed ${seed}`).toBeNull();
});
