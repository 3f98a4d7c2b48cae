import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { writeComparison } from "./compare/write.ts";
import type { Report } from "./schema.ts";
import {
  CHROMIUM_MISSING,
  changeView,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "./testing/browser.ts";
import { comparisonFixtures } from "./testing/comparisons.ts";
import { benchReport, demoReport, failingReport } from "./testing/fixtures.ts";
import { newRunId, reportDir, writeReport } from "./write.ts";
import { writeIndex } from "./write-index.ts";

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

let dir = "";
let browser: Browser | null = null;
const indexFile = (): string => join(dir, "index.html");

/** Seven runs, an hour apart, one of them with a damaged report, and one that broke before it had any. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-index-"));
  const reports = [
    demoReport(),
    failingReport(),
    benchReport(),
    { ...demoReport(), name: "bridge", kind: "chaos" as const, verdict: "unknown" as const },
    { ...demoReport(), name: "<b>loss", kind: "chaos" as const, seed: 977, about: "" },
  ].map((report: Report, i): Report => {
    const at = new Date(Date.UTC(2025, 10, 21, 2 + i));
    const safe = report.name.replaceAll(/[<>]/g, "-").replace(/^-/, "x");
    const stamp = { startedAt: at.toISOString(), runId: newRunId(at, report.seed) };
    return { ...report, ...stamp, name: safe };
  });
  for (const report of reports) await writeReport(report, dir);
  const damaged = { ...reports[0]!, runId: newRunId(new Date(Date.UTC(2025, 10, 22)), 1) };
  await mkdir(reportDir(dir, damaged), { recursive: true });
  await Bun.write(join(reportDir(dir, damaged), "report.json"), '{"schema": 1, ');
  await mkdir(join(dir, "chaos", "bridge", "<img src=x>"), { recursive: true });
  await mkdir(join(dir, "sim", "not-a-report"), { recursive: true });
  await writeIndex(dir);
  if (chromium !== null) browser = await launchChromium(chromium);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

test("index: every run is listed with its verdict, damaged ones as such, the newest first", async () => {
  const { html, rows } = await writeIndex(dir);
  expect(html).toBe(indexFile());
  expect(rows.filter(({ kind }) => kind === "damaged")).toHaveLength(2);
  expect(rows.filter(({ kind }) => kind === "run")).toHaveLength(5);
  const page = await readFile(html, "utf8");
  const order = [...page.matchAll(/<tr data-verdict="(\w+)">/g)].map((match) => match[1]);
  expect(order.slice(0, 2)).toEqual(["damaged", "pass"]);
  expect(order.at(-1)).toBe("damaged"); // The one without a time in its name.
  expect(order.toSorted()).toEqual(
    ["damaged", "damaged", "fail", "pass", "pass", "pass", "unknown"].toSorted(),
  );
  expect(page).toContain("not JSON");
  expect(page).not.toContain("<img");
});

test("index: a run writes it anew, and it lists that run", async () => {
  const other = await mkdtemp(join(tmpdir(), "ordeal-index-"));
  try {
    const report = failingReport();
    await writeReport(report, other);
    expect(await readFile(join(other, "index.html"), "utf8")).toContain(report.runId);
    expect((await writeIndex(other)).rows).toHaveLength(1);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});

test("index: comparisons are listed with their verdict, and link to their pages", async () => {
  const other = await mkdtemp(join(tmpdir(), "ordeal-index-"));
  try {
    const { regressed, incomparable } = comparisonFixtures();
    const written = await writeComparison(regressed!, other);
    await writeComparison(incomparable!, other);
    expect(written.dir).toBe(join(other, "compare", regressed!.runId));
    for (const file of [written.json, written.markdown, written.junit, written.html])
      expect(await Bun.file(file).exists()).toBe(true);
    await Bun.write(join(other, "compare", "broken", "comparison.json"), '{"schema": 7}');
    const { html, rows } = await writeIndex(other);
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual([
      "comparison",
      "comparison",
      "damaged",
    ]);
    const page = await readFile(html, "utf8");
    expect(/<tr data-verdict="fail">[^]*?Regressed[^]*?gate put/.test(page)).toBe(true);
    expect(page.includes(`href="compare/${regressed!.runId}/comparison.html"`)).toBe(true);
    expect(page.includes("its schema is 7, this build reads 1")).toBe(true);
    expect(page.includes('href="compare/broken/comparison.json"')).toBe(true);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});

test("index: a directory that is not there is bad input", async () => {
  await expect(writeIndex(join(dir, "none"))).rejects.toThrow("cannot list the reports");
});

function inChromium(claim: string, look: (browser: Browser) => Promise<void>): void {
  if (chromium !== null) test(`index in Chromium: ${claim}`, () => look(browser!), 60_000);
}

const visible = (page: Page): Promise<readonly string[]> =>
  page
    .locator("#runs tbody tr:visible th a")
    .evaluateAll((links) => links.map((link) => String(link.textContent)));

inChromium(
  "it is whole at 1280 and 400 pixels, light and dark, and asks for no file",
  async (b) => {
    const { page, problems } = await openPage(b, indexFile(), VIEWS[0]!);
    for (const view of VIEWS) {
      await changeView(page, view);
      const seen = { ...view, problems, sideways: await sidewaysOverflow(page) };
      expect(seen).toEqual({ ...view, problems: [], sideways: 0 });
      expect(await visible(page)).toHaveLength(7);
    }
    await page.close();
  },
);

inChromium("words and verdict filter, and the address remembers them", async (with_) => {
  const { page } = await openPage(with_, indexFile(), VIEWS[0]!);
  await page.getByLabel("Filter").fill("chaos bridge");
  expect(await visible(page)).toEqual(["bridge", "chaos/bridge/<img src=x>"]);
  await page.getByLabel("Unknown").check({ force: true });
  expect(await visible(page)).toEqual(["bridge"]);
  expect(await page.getByRole("status").textContent()).toBe("1 of 7 runs");
  await page.reload();
  expect(await visible(page)).toEqual(["bridge"]);
  await page.getByRole("link", { name: "bridge" }).click();
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("bridge");
  await page.close();
});

inChromium("the head sorts by keyboard, and says how", async (with_) => {
  const { page } = await openPage(with_, indexFile(), VIEWS[0]!);
  const sorted = page.locator("th[aria-sort]");
  expect(await sorted.textContent()).toContain("Started");
  const verdict = page.getByRole("button", { name: "Verdict" });
  await verdict.focus();
  await page.keyboard.press("Enter");
  expect(await sorted.getAttribute("aria-sort")).toBe("ascending");
  const order = () =>
    page
      .locator("#runs tbody tr")
      .evaluateAll((rows) => rows.map((row) => String(row.getAttribute("data-verdict"))));
  expect((await order())[0]).toBe("fail");
  await page.keyboard.press("Enter");
  expect(await sorted.getAttribute("aria-sort")).toBe("descending");
  expect((await order()).at(-1)).toBe("fail");
  await page.getByRole("button", { name: "Seed" }).press("Space");
  expect((await visible(page)).slice(-2)).toContain("chaos/bridge/<img src=x>");
  await page.close();
});
