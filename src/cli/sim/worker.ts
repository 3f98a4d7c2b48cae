import { writeSync } from "node:fs";
import { runSeed, type WorkerJob } from "./hunt.ts";

// A process of `ordeal sim --jobs N`: runs the seeds of its job, given as its argument, and prints one
// Outcome a line. Ends with the first failure.
const { first, step, end, options } = JSON.parse(process.argv[2] ?? "") as WorkerJob;
for (let seed = first; seed < end; seed += step) {
  const outcome = runSeed(seed, options);
  writeSync(1, `${JSON.stringify(outcome)}\n`);
  if (outcome.result.verdict === "fail") break;
}
