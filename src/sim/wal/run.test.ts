import { expect, test } from "bun:test";
import { runWal } from "./run.ts";

test("log on a fragile disk: 400 schedules of lost power, failed syncs and decay lose nothing durable", () => {
  for (let seed = 1; seed <= 400; seed++) expect(runWal(seed), `seed ${seed}`).toBeNull();
});
