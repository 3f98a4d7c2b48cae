import { expect, test } from "bun:test";
import { runFrames } from "./run.ts";

test("frames: whatever a log holds, a leader sends none that is too long", () => {
  for (let seed = 1; seed <= 20; seed++) expect(runFrames(seed), `seed ${seed}`).toBeNull();
});
