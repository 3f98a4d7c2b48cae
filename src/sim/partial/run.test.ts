import { expect, test } from "bun:test";
import { runPartial } from "./run.ts";

test("partial failure: a sound majority goes on committing, whatever part of the rest still works", () => {
  for (let seed = 1; seed <= 30; seed++) expect(runPartial(seed), `seed ${seed}`).toBeNull();
}, 30_000);
