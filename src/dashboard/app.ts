import { Hono } from "hono";
import { type Asked, type Guard, refuse } from "./guard.ts";
import { pageFiles } from "./page-files.ts";

/**
 * A part of the dashboard with paths of its own. What it serves is behind the guard: a handler gets to see
 * only what a person with the token asks for from our own page, and `c.get("by")` is who that is.
 * State goes to the page through an event stream of the part's own (hono/streaming) or by polling.
 */
export type DashboardPart = {
  /** `/api/…` for JSON; `/reports` for files. */
  readonly path: `/api/${string}` | "/reports";
  readonly app: Hono<{ Variables: Asked }>;
};

export type DashboardApp = Hono<{ Variables: Asked }>;

/** The dashboard's HTTP side: the page's files to whoever asks at the right address, all else behind the guard. */
export function createDashboard(guard: Guard, parts: readonly DashboardPart[]): DashboardApp {
  const app = new Hono<{ Variables: Asked }>();
  app.use("*", guard.host);
  app.post("/session", guard.exchange);
  for (const path of ["/api/*", "/reports/*", "/reports"]) app.use(path, guard.session);
  app.get("/api/session", (c) => c.json({ by: c.get("by") }));
  for (const part of parts) app.route(part.path, part.app);
  app.get("*", async (c, next) => {
    const file = (await pageFiles()).get(c.req.path);
    if (file === undefined) return next();
    c.header("Content-Type", file.type);
    return c.body(file.body.stream());
  });
  app.notFound((c) => refuse(c, 404, `no such path: ${c.req.path}`, "open /"));
  app.onError((error, c) => refuse(c, 500, error.message, "see what the dashboard printed"));
  return app;
}
