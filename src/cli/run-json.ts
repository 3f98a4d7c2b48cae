import { join } from "node:path";
import type { RunOutcome } from "../chaos/run.ts";
import { reproduceCommands } from "../report/reproduce.ts";

/** What `--json` says of a run: the verdict and the main figures, and where the whole report is. */
export const runAsJson = ({ report, dir, html, commits, frames }: RunOutcome) => ({
  name: report.name,
  runId: report.runId,
  seed: report.seed,
  verdict: report.verdict,
  command: report.command,
  /** Of a failed run: how it is tried again. */
  reproduce: reproduceCommands(report, dir).map(([, command]) => command),
  checks: report.checks.map(({ name, verdict, detail }) => ({ name, verdict, detail })),
  throughput: report.loads[0]?.result.throughput ?? null,
  counts: report.loads[0]?.result.counts ?? null,
  responseUs: report.loads[0]?.result.response ?? null,
  commits,
  frames,
  failovers: report.failovers,
  report: join(dir, "report.json"),
  html,
});
