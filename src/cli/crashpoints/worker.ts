import { writeSync } from "node:fs";
import { runJob, type WorkerJob } from "./explore.ts";

// A process of `ordeal crashpoints --jobs N`: runs the cuts of its job, given as its argument, and
// prints one CutOutcome a line.
runJob(JSON.parse(process.argv[2] ?? "") as WorkerJob, (outcome) => {
  writeSync(1, `${JSON.stringify(outcome)}\n`);
});
