import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DashboardPart } from "../../dashboard/app.ts";
import { Feed } from "../../dashboard/live/feed.ts";
import { liveRoutes } from "../../dashboard/live/routes.ts";
import { StoredReports } from "../../dashboard/reports/list.ts";
import { storedPages, storedRoutes } from "../../dashboard/reports/routes.ts";
import { runRoutes } from "../../dashboard/runs/routes.ts";
import { serveDashboard } from "../../dashboard/server.ts";
import { wholeNumber } from "../cluster/check.ts";
import { ClusterHost } from "./cluster-host.ts";
import { ChildRuns } from "./run-host.ts";

export type DashboardFlags = {
  readonly dir: string | undefined;
  readonly port: number;
  readonly reports: string;
  readonly open: boolean;
};

/** Serves the dashboard until SIGINT or SIGTERM, and ends then what was started on the page. */
export async function runDashboard({ dir, port, reports, open }: DashboardFlags): Promise<void> {
  wholeNumber("--port", port, 0, 65_535);
  const stopped = stopSignal();
  // A part is one line here, its tab one in src/dashboard/page/tabs.ts.
  const feed = new Feed(new ClusterHost(dir ?? null));
  const runs = new ChildRuns(reports);
  const stored = new StoredReports(reports);
  const parts: DashboardPart[] = [
    { path: "/api/live", app: liveRoutes(feed) },
    { path: "/api/runs", app: runRoutes(runs) },
    { path: "/api/reports", app: storedRoutes(stored) },
    { path: "/reports", app: storedPages(stored) },
  ];
  const server = serveDashboard(port, parts);
  console.log(`Dashboard: ${server.url}`);
  if (open) openBrowser(server.url);
  await stopped;
  await Promise.all([feed.close(), runs.close()]);
  await server.stop();
}

const stopSignal = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      process.once(signal, () => done());
  });

/**
 * As far as the machine can: one without a desktop has no opener, which is no error. The address goes through a
 * file that only its owner can read, since everybody on the machine sees the arguments of a process, and the
 * token is in it.
 */
function openBrowser(url: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  if (Bun.which(opener) === null) return;
  const dir = mkdtempSync(join(tmpdir(), "ordeal-open-"));
  const file = join(dir, "dashboard.html");
  const redirect = `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">`;
  writeFileSync(file, redirect, { mode: 0o600 });
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  Bun.spawn([opener, file], { stdio: ["ignore", "ignore", "ignore"] }).unref();
}
