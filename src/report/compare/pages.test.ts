import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import {
  canvasColours,
  changeView,
  CHROMIUM_MISSING,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "../testing/browser.ts";
import { comparisonFixtures } from "../testing/comparisons.ts";
import { historyFixtures } from "../testing/histories.ts";
import { historiesOf } from "./history.ts";
import { historyPage } from "./history-page.ts";
import { comparisonPage } from "./html.ts";

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

const { regressed, unproven, incomparable } = comparisonFixtures();
const PAGES = {
  regressed: comparisonPage(regressed!),
  unproven: comparisonPage(unproven!),
  incomparable: comparisonPage(incomparable!),
  history: historyPage(historiesOf(historyFixtures())),
};
/** A chart of percentiles a case that both arms have; none of reports that are not compared. */
const CHARTS = { regressed: 2, unproven: 2, incomparable: 0, history: 0 };

let dir = "";
let browser: Browser | null = null;
const fileOf = (name: string): string => join(dir, `${name}.html`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-compare-page-"));
  for (const [name, text] of Object.entries(PAGES)) await Bun.write(fileOf(name), text);
  if (chromium !== null) browser = await launchChromium(chromium);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

/** A whole page would fill the screen when it does not. */
const says = (name: keyof typeof PAGES, text: string): boolean => PAGES[name].includes(text);

test("comparison page: a row a metric in the forest and the table, with intervals, θ and every pair", () => {
  const { metrics } = regressed!;
  const forest = PAGES.regressed.slice(
    PAGES.regressed.indexOf('<ul class="rows">'),
    PAGES.regressed.indexOf('<div class="axis"'),
  );
  const pairs = metrics.reduce((sum, m) => sum + m.pairs.length, 0);
  expect(forest.match(/class="interval"/g)).toHaveLength(metrics.length);
  expect(forest.match(/class="pair /g)).toHaveLength(pairs);
  const gated = metrics.filter(({ metric }) => metric.gated).length;
  expect(forest.match(/class="limit"/g)).toHaveLength(gated);
  const missing = metrics.filter(({ metric }) => !forest.includes(`<b>${metric.name}</b>`));
  expect(missing).toEqual([]);
});

test("comparison page: reports that differ show the fields, and no figure to be misled by", () => {
  expect(says("incomparable", "cores: 2 in the base, 8 in the head")).toBe(true);
  expect(/data-chart="\w|class="forest"|<table class="metrics"/.test(PAGES.incomparable)).toBe(
    false,
  );
});

test("history page: a change names its commit and the one before; too few reports are said to be", () => {
  expect(says("history", "at c0ffee001800, after c0ffee001700")).toBe(true);
  expect(says("history", "6 reports, fewer than 10: no change points are looked for.")).toBe(true);
});

// One page is taken through all views, so that its answers to a resize and to a change of scheme are
// looked at too.
for (const [name, charts] of Object.entries(CHARTS))
  if (chromium !== null)
    test(`in Chromium: ${name} is whole at 1280 and 400 pixels, light and dark`, async () => {
      const { page, problems } = await openPage(browser!, fileOf(name), VIEWS[0]!);
      for (const view of VIEWS) {
        await changeView(page, view);
        const seen = { ...view, problems, sideways: await sidewaysOverflow(page) };
        expect(seen).toEqual({ ...view, problems: [], sideways: 0 });
        const colours = await canvasColours(page);
        expect(colours).toHaveLength(charts);
        // Lines, grid and text: an empty canvas has one colour at most.
        for (const count of colours) expect(count).toBeGreaterThan(20);
        const back = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        expect(back).toBe(view.scheme === "light" ? "rgb(246, 247, 248)" : "rgb(17, 20, 23)");
      }
      await page.close();
    }, 60_000);

if (chromium !== null)
  test("in Chromium: the cursor of a chart of both arms goes by keyboard, and tells both", async () => {
    const { page, problems } = await openPage(browser!, fileOf("regressed"), VIEWS[0]!);
    const chart = page.locator('[data-chart="curve-0"]');
    await chart.focus();
    await page.keyboard.press("End");
    expect(await chart.getAttribute("aria-valuetext")).toMatch(/^99\.999 %, curve-0 .+, curve-1 /);
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);
