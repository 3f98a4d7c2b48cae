import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import {
  barriers,
  changeView,
  CHROMIUM_MISSING,
  findChromium,
  launchChromium,
  noteProblems,
  sidewaysOverflow,
  VIEWS,
} from "../../report/testing/browser.ts";
import { until } from "../../target/until.ts";
import { type DashboardProcess, startDashboard } from "./testing/process.ts";

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

const WITHIN_MS = 90_000;
const TEST_MS = 240_000;

let reports = "";
let dashboard: DashboardProcess;
let browser: Browser;
let page: Page;
/** Errors and warnings on the console, uncaught exceptions, requests that failed or went elsewhere. */
const problems: string[] = [];

function watch(watched: Page): void {
  watched.setDefaultTimeout(WITHIN_MS);
  noteProblems(watched, problems, (url) => url.startsWith(dashboard.origin));
  watched.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} for ${response.url()}`);
  });
}

beforeAll(async () => {
  if (chromium === null) return;
  reports = mkdtempSync(join(tmpdir(), "ordeal-person-"));
  [dashboard, browser] = await Promise.all([
    startDashboard("--reports", reports),
    launchChromium(chromium),
  ]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  watch(page);
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.end();
  if (reports !== "") rmSync(reports, { recursive: true, force: true });
}, TEST_MS);

/** A test in a real Chromium; without one there is no test, and the line above says so. They go on where the one before ended. */
function inChromium(claim: string, look: () => Promise<void>): void {
  if (chromium !== null) test(`dashboard in Chromium: ${claim}`, look, TEST_MS);
}

const press = (name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();
/** By the debugging protocol: the page's policy forbids `eval`. */
const holds = (expression: string): Promise<boolean> =>
  until(expression, WITHIN_MS, () => page.evaluate<boolean>(expression), 50);

async function lookAtAllViews(): Promise<void> {
  for (const [i, view] of VIEWS.entries()) {
    await changeView(page, view);
    expect({ ...view, sideways: await sidewaysOverflow(page) }).toEqual({ ...view, sideways: 0 });
    if (i === 0 || i === VIEWS.length - 1) expect(await barriers(page)).toEqual([]);
  }
  await changeView(page, VIEWS[0]!);
  expect(problems).toEqual([]);
}

/** Presses a link that opens a window of its own. */
async function openedBy(name: string): Promise<Page> {
  const [opened] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("link", { name }).first().click(),
  ]);
  watch(opened);
  await opened.waitForLoadState();
  return opened;
}

inChromium(
  "a person starts a cluster and a load, kills the leader, sees the next one, runs a scenario and opens its report",
  async () => {
    await page.goto(dashboard.url);
    await page.getByRole("combobox", { name: "Nodes" }).selectOption("3");
    await page.getByRole("combobox", { name: "Storage" }).selectOption("memory");
    await press("Start cluster");
    await page.waitForSelector(".node.leader");
    await page.getByRole("spinbutton", { name: "Rate" }).fill("50");
    await press("Start load");
    await holds(`/^[1-9]/.test(document.querySelector(".load .lead").textContent)`);

    const first = await page.textContent(".node.leader .id");
    await press("Crash the leader");
    await page.waitForSelector(".node.down");
    await holds(
      `![undefined, "${first}"].includes(document.querySelector(".node.leader .id")?.textContent)`,
    );

    await page.getByRole("link", { name: "Scenarios" }).click();
    await page.getByRole("radio", { name: /planted-stale-read/ }).check();
    await press("Start");
    await page.waitForSelector(".run-facts:not([hidden])");
    await page.waitForSelector(".run-verdict .badge.fail");
    expect(await page.textContent(".run-end")).toContain("This violation was planted");
    const report = await openedBy("Open the report");
    expect(await report.title()).toContain("Fail · planted-stale-read");
    expect(await report.textContent("body")).toContain("PLANTED FAULT");
    expect(await report.locator(".proof").count()).toBeGreaterThan(0);
    // It is in an origin of its own: no cookie, no storage, no way to the dashboard.
    expect(await report.evaluate<string>("self.origin")).toBe("null");
    await report.close();
    expect(problems).toEqual([]);
  },
);

inChromium("the scenarios are found by a word, and open to everybody in every view", async () => {
  await lookAtAllViews();
  await page.getByRole("searchbox", { name: "Filter" }).fill("bridge");
  await holds(`document.querySelectorAll(".choices > li:not([hidden])").length < 10`);
  await page.getByRole("radio", { name: /^bridge/ }).check();
  expect(await page.textContent("#begin-title")).toBe("Run bridge");
});

inChromium("a second run is refused while one is under way, and a run is stopped", async () => {
  await page.getByRole("combobox", { name: "Target" }).selectOption("ordeal");
  await page.getByRole("spinbutton", { name: "Duration, s" }).fill("600");
  await press("Start");
  await page.waitForSelector(`.run-card h2:has-text("bridge")`);
  expect(await page.getByRole("button", { name: "Start", exact: true }).isDisabled()).toBe(true);
  await page.waitForSelector(`.begin [role="status"]:has-text("only one run at a time")`);
  await press("Stop");
  await page.waitForSelector(`.run-card .lead:has-text("Interrupted")`);
});

inChromium("stored runs are listed, filtered, and two of them compared", async () => {
  // In virtual time, where a seed decides everything.
  await page.getByRole("combobox", { name: "Target" }).selectOption("sim");
  await page.getByRole("spinbutton", { name: "Seed" }).fill("7");
  await page.getByRole("spinbutton", { name: "Duration, s" }).fill("");
  await press("Start");
  await page.waitForSelector(".run-verdict .badge.pass");
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await page.waitForSelector(".stored tbody tr:nth-child(2)");
  expect(await page.locator(".stored tbody tr").count()).toBe(2);
  for (const i of [0, 1])
    await page
      .getByRole("checkbox", { name: /^Compare/ })
      .nth(i)
      .check();
  await page.waitForSelector(".compare-card .reasons li");
  await lookAtAllViews();
  const comparison = await openedBy("Open the comparison");
  expect(await comparison.textContent("h1")).not.toBe("");
  await comparison.close();
  await page.getByRole("combobox", { name: "Verdict" }).selectOption("fail");
  await holds(`document.querySelectorAll(".stored tbody tr").length === 1`);
  expect(await page.textContent(".stored tbody tr")).toContain("not held: linearizable");
  expect(problems).toEqual([]);
});
