import { dirname, relative, resolve } from "node:path";
import { type Context, Hono } from "hono";
import { UserError } from "../../lib/user-error.ts";
import type { Comparison } from "../../report/compare/comparison.ts";
import { historiesOf } from "../../report/compare/history.ts";
import { historyPage } from "../../report/compare/history-page.ts";
import { comparisonPage } from "../../report/compare/html.ts";
import { comparisonOfReports, type NamedReport } from "../../report/compare/of-reports.ts";
import { COMPARISON_WORDS, verdictTone } from "../../report/compare/words.ts";
import { readReports } from "../../report/read-reports.ts";
import { newRunId, readReport } from "../../report/write.ts";
import { type Asked, refuse } from "../guard.ts";
import type { ComparedReports } from "./document.ts";
import { fileBelow, sandboxed, serveFile } from "./files.ts";
import type { StoredReports } from "./list.ts";

type App = Hono<{ Variables: Asked }>;

/**
 * What is stored.
 *
 *   GET /                       StoredList (document.ts)
 *   GET /compare?base=&head=    ComparedReports; both are folders of the list
 */
export function storedRoutes(stored: StoredReports): App {
  const app: App = new Hono();
  app.get("/", async (c) => c.json(await stored.list()));
  app.get("/compare", (c) =>
    answering(c, async () => {
      const comparison = await compared(c, stored.dir);
      return c.json(summaryOf(comparison, new URL(c.req.url).search));
    }),
  );
  return app;
}

/**
 * The pages of what is stored, each in an origin of its own (files.ts).
 *
 *   GET /_compare?base=&head=   as `ordeal compare --html`
 *   GET /_history               as `ordeal history --html`
 *   GET /<kind>/<name>/<run>/…  any file of a run: report.html, report.json, logs/…
 */
export function storedPages(stored: StoredReports): App {
  const app: App = new Hono();
  app.get("/_compare", (c) =>
    answering(c, async () => sandboxed(c, comparisonPage(await compared(c, stored.dir)))),
  );
  app.get("/_history", (c) =>
    answering(c, async () => {
      const { reports } = await readReports(stored.dir);
      return sandboxed(c, historyPage(historiesOf(reports)));
    }),
  );
  app.get("/*", async (c) => {
    const path = new URL(c.req.url).pathname.replace(/^\/reports\//, "");
    const file = await fileBelow(stored.dir, decoded(path));
    if (file !== null) return serveFile(c, file);
    return refuse(c, 404, `no such report: ${path}`, "open one of the list");
  });
  return app;
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
};

async function answering(c: Context, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const words = error.problems.map(({ where, what }) => `${where}: ${what}`).join("; ");
    return refuse(c, 400, words, error.problems.map(({ fix }) => fix).join("; "));
  }
}

async function compared(c: Context, dir: string): Promise<Comparison> {
  const startedAt = new Date();
  const base = await readSide(dir, "base", c.req.query("base"));
  const head = await readSide(dir, "head", c.req.query("head"));
  return comparisonOfReports(base, head, {
    runId: newRunId(startedAt, head.report.seed),
    startedAt: startedAt.toISOString(),
    durationMs: 0,
    command: `ordeal compare ${base.label} ${head.label}`,
    force: false,
  });
}

async function readSide(dir: string, side: string, folder = ""): Promise<NamedReport> {
  const file = await fileBelow(dir, `${folder}/report.json`);
  if (file === null) {
    const fix = "choose two runs of the list";
    const what = `there is no report in "${folder}"`;
    throw new UserError("cannot compare", [{ where: side, what, fix }]);
  }
  return { label: relative(resolve("."), dirname(file)), report: (await readReport(file)).report };
}

function summaryOf(comparison: Comparison, search: string): ComparedReports {
  const { verdict, summary, differences, checks } = comparison;
  return {
    ...{ href: `/reports/_compare${search}`, verdict: verdictTone(verdict), summary, differences },
    verdictText: COMPARISON_WORDS[verdict],
    failed: checks
      .filter((check) => check.verdict !== "pass")
      .map(({ name, detail }) => `${name}: ${detail}`),
  };
}
