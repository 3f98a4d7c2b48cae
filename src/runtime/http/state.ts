import type { Hono } from "hono";
import { LoopLag } from "../loop-lag.ts";
import type { MetricsPage } from "../metrics/registry.ts";
import { VERSION } from "../version.ts";
import type { AppOptions } from "./app.ts";
import { problem } from "./problem.ts";

/**
 * What a node says of itself, all of it as of now and of this node alone.
 *
 *   GET /status      roles, indexes, peers (node-status.ts)
 *   GET /hard-state  what it must not forget of group 1, and the snapshot that its log begins after
 *   GET /version     of Ordeal and Bun, and those of the peer protocol
 *   GET /lag         pauses of its event loop since the request before, if that was within 10 s
 *   GET /healthz     200 when it knows a leader, else 503
 *   GET /metrics     for Prometheus (docs/metrics.md)
 */
export function stateRoutes(app: Hono, options: AppOptions): void {
  const { counters } = options;
  const lag = new LoopLag();
  app.get("/status", (c) => c.json(options.status()));
  app.get("/hard-state", (c) => {
    const { term, votedFor, commitIndex, durableIndex } = options.status();
    return c.json({ term, votedFor, commitIndex, durableIndex, snapshot: options.snapshot() });
  });
  app.get("/version", (c) =>
    c.json({ version: VERSION, bun: Bun.version, wire: options.status().wire }),
  );
  app.get("/lag", (c) => c.json(lag.take()));
  app.get("/healthz", (c) => {
    const { leaderId } = options.status();
    if (leaderId === 0) {
      counters.unhealthy++;
      return problem(c, "notLeader", "no leader");
    }
    counters.healthy++;
    return c.json({ leaderId });
  });
  let metrics: Promise<MetricsPage> | null = null;
  app.get("/metrics", async (c) => {
    // Loaded by the first scrape: most nodes are never asked.
    metrics ??= import("../metrics/registry.ts").then((m) => m.createMetrics(options.metrics));
    const page = await metrics;
    return c.body(await page.text(), 200, { "Content-Type": page.contentType });
  });
}
