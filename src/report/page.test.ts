import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { renderHtml } from "./html.ts";
import {
  CHROMIUM_MISSING,
  canvasColours,
  changeView,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "./testing/browser.ts";
import { againstReport, benchReport, demoReport, failingReport } from "./testing/fixtures.ts";

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

const REPORTS = {
  demo: demoReport(),
  failing: failingReport(),
  bench: benchReport(),
  against: againstReport(),
};
const CHARTS = { demo: 3, failing: 3, bench: 1, against: 1 };

let dir = "";
let browser: Browser | null = null;
const fileOf = (name: string): string => join(dir, `${name}.html`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-page-"));
  for (const [name, report] of Object.entries(REPORTS))
    await Bun.write(fileOf(name), renderHtml(report));
  if (chromium !== null) browser = await launchChromium(chromium);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

test("page in text: every page holds its charts' places and data without a browser", async () => {
  for (const [name, charts] of Object.entries(CHARTS)) {
    const page = await Bun.file(fileOf(name)).text();
    expect(page.match(/data-chart="\w/g)).toHaveLength(charts);
    expect(page).toContain('id="chart-data"');
  }
});

/** A test in a real Chromium; without one there is no test, and the line above says so. */
function inChromium(claim: string, look: (browser: Browser) => Promise<void>): void {
  if (chromium !== null) test(`page in Chromium: ${claim}`, () => look(browser!), 60_000);
}

// One page is taken through all views, so that its answers to a resize and to a change of scheme are
// looked at too.
for (const [name, charts] of Object.entries(CHARTS))
  inChromium(`${name} is whole at 1280 and 400 pixels, light and dark`, async (with_) => {
    const { page, problems } = await openPage(with_, fileOf(name), VIEWS[0]!);
    const images = new Set<string>();
    for (const view of VIEWS) {
      await changeView(page, view);
      const seen = { ...view, problems, sideways: await sidewaysOverflow(page) };
      expect(seen).toEqual({ ...view, problems: [], sideways: 0 });
      const colours = await canvasColours(page);
      expect(colours).toHaveLength(charts);
      // Lines, grid, text and shades: an empty or a one-colour canvas has 0 or 1.
      for (const count of colours) expect(count).toBeGreaterThan(20);
      const back = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      expect(back).toBe(view.scheme === "light" ? "rgb(246, 247, 248)" : "rgb(17, 20, 23)");
      images.add(await page.evaluate<string>('document.querySelector("canvas").toDataURL()'));
    }
    expect(images.size).toBe(VIEWS.length);
    await page.close();
  });

inChromium("one cursor goes through charts and lanes, by mouse and by keyboard", async (with_) => {
  const { page, problems } = await openPage(with_, fileOf("demo"), {
    width: 1280,
    scheme: "light",
  });
  const shown = (chart: string, value: string) =>
    page.locator(`figure:has([data-chart="${chart}"]) [data-value="${value}"]`).textContent();
  await page.locator('[data-chart="rates"] .u-over').hover();
  expect(await shown("latency", "when")).toBe(await shown("rates", "when"));
  expect(await shown("latency", "p99")).toMatch(/\d (µs|ms|s)$/);
  expect(await page.locator(".timeline.pointing").count()).toBe(1);
  await page.mouse.move(0, 0); // Or the page, scrolling under the mouse, would move the cursor.
  await page.waitForSelector(".timeline:not(.pointing)");
  const latency = page.locator('[data-chart="latency"]');
  await latency.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  expect(await latency.getAttribute("aria-valuetext")).toMatch(/^0\.15 s, p50 .+, p99 /);
  expect(await shown("rates", "when")).toBe("0.15 s");
  expect(problems).toEqual([]);
  await page.close();
});

inChromium("a zoom in one chart is followed by the other and by the lanes", async (with_) => {
  const { page } = await openPage(with_, fileOf("demo"), { width: 1280, scheme: "light" });
  const plot = page.locator('[data-chart="rates"] .u-over');
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox())!;
  const range = () =>
    page.evaluate<number[]>(
      `["--x0", "--x1"].map((name) => Number(document.querySelector(".timeline").style.getPropertyValue(name)))`,
    );
  expect(await range()).toEqual([0, 20]);
  await page.mouse.move(box.x + box.width * 0.25, box.y + 80);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 80, { steps: 4 });
  await page.mouse.up();
  const [from, to] = await range();
  expect(from).toBeCloseTo(5, 0);
  expect(to).toBeCloseTo(10, 0);
  await page.mouse.dblclick(box.x + 100, box.y + 80);
  expect(await range()).toEqual([0, 20]);
  await page.close();
});
