import { readFileSync } from "node:fs";
import { ExternalProcess } from "../external/process.ts";
import { until } from "../until.ts";

const STARTED_WITHIN_MS = 20_000;

/** Starts a process of another program, pauses it, tells its pid, and stays: for a test that kills us. */
const child = new ExternalProcess("the sleeper", ["sleep", "1000"], process.argv[2]!);
// Until then it is still setpriv, which asks the kernel for what the test is about.
await until("it is sleep", STARTED_WITHIN_MS, () => {
  return readFileSync(`/proc/${child.pid}/comm`, "utf8").trim() === "sleep";
});
await child.pause();
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 1_000);
