import { writeSync } from "node:fs";
import { runJob, type WorkerJob } from "./hunt.ts";

// A process of `ordeal fuzz checker --jobs N`: judges the histories of its job, given as its argument,
// and prints one Batch a line. Ends with the process that reads them, by the next line.
runJob(JSON.parse(process.argv[2] ?? "") as WorkerJob, (batch) => {
  try {
    writeSync(1, `${JSON.stringify(batch)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(1);
    throw error;
  }
});
