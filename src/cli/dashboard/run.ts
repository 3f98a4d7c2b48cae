import type { DashboardPart } from "../../dashboard/app.ts";
import { Feed } from "../../dashboard/live/feed.ts";
import { liveRoutes } from "../../dashboard/live/routes.ts";
import { serveDashboard } from "../../dashboard/server.ts";
import { wholeNumber } from "../cluster/check.ts";
import { ClusterHost } from "./cluster-host.ts";

export type DashboardFlags = {
  readonly dir: string | undefined;
  readonly port: number;
  readonly reports: string;
  readonly open: boolean;
};

/** Serves the dashboard until SIGINT or SIGTERM, and ends then what was started on the page. */
export async function runDashboard({ dir, port, open }: DashboardFlags): Promise<void> {
  wholeNumber("--port", port, 0, 65_535);
  const stopped = stopSignal();
  // A part is one line here, its tab one in src/dashboard/page/tabs.ts.
  const feed = new Feed(new ClusterHost(dir ?? null));
  const parts: DashboardPart[] = [{ path: "/api/live", app: liveRoutes(feed) }];
  const server = serveDashboard(port, parts);
  console.log(`Dashboard: ${server.url}`);
  if (open) openBrowser(server.url);
  await stopped;
  await feed.close();
  await server.stop();
}

const stopSignal = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      process.once(signal, () => done());
  });

/** As far as the machine can: one without a desktop has no opener, which is no error. */
function openBrowser(url: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  if (Bun.which(opener) === null) return;
  Bun.spawn([opener, url], { stdio: ["ignore", "ignore", "ignore"] }).unref();
}
