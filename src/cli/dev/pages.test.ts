import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import {
  barriers,
  changeView,
  CHROMIUM_MISSING,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "../../report/testing/browser.ts";
import { samplePages } from "./sample-pages.ts";

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

const PAGES = samplePages();
/** Alike but for figures and words: every page is looked at, axe reads one of each make. */
const LIKE_ANOTHER = new Set([
  ...["report-demo", "report-bench", "comparison-pass", "comparison-inconclusive"],
  ...["comparison-unproven", "comparison-violated", "comparison-void"],
]);

let dir = "";
let browser: Browser | null = null;
beforeAll(async () => {
  if (chromium === null) return;
  dir = await mkdtemp(join(tmpdir(), "ordeal-pages-"));
  browser = await launchChromium(chromium);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  if (dir !== "") await rm(dir, { recursive: true, force: true });
}, 60_000);

test("pages: those that axe passes over are pages", () => {
  expect([...LIKE_ANOTHER].filter((name) => !PAGES.has(name))).toEqual([]);
});

// The dashboard's own pages are looked at where a dashboard runs: cli/dashboard/*.test.ts.
for (const [name, text] of PAGES) {
  if (chromium === null) continue;
  test(`page in Chromium: ${name} is quiet, whole in every view, and open to everybody`, async () => {
    const file = join(dir, `${name}.html`);
    await Bun.write(file, text);
    const { page, problems } = await openPage(browser!, file, VIEWS[0]!);
    for (const view of VIEWS) {
      await changeView(page, view);
      const sideways = await sidewaysOverflow(page);
      expect({ ...view, problems, sideways }).toEqual({ ...view, problems: [], sideways: 0 });
    }
    if (!LIKE_ANOTHER.has(name)) {
      // Dark and narrow all rules; in light only the one that goes by colours.
      expect(await barriers(page)).toEqual([]);
      await changeView(page, VIEWS[0]!);
      expect(await barriers(page, ["color-contrast"])).toEqual([]);
    }
    await page.close();
  }, 120_000);
}
