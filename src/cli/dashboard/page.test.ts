import { afterAll, beforeAll, expect, test } from "bun:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import {
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

const WITHIN_MS = 30_000;
const TEST_MS = 120_000;

let dashboard: DashboardProcess;
let browser: Browser;
let page: Page;
/** Errors and warnings on the console, uncaught exceptions, and requests to anything but the dashboard. */
const problems: string[] = [];

beforeAll(async () => {
  if (chromium === null) return;
  [dashboard, browser] = await Promise.all([startDashboard(), launchChromium(chromium)]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(WITHIN_MS);
  noteProblems(page, problems, (url) => url.startsWith(dashboard.origin));
}, TEST_MS);

afterAll(async () => {
  await browser?.close();
  await dashboard?.end();
}, TEST_MS);

/** A test in a real Chromium; without one there is no test, and the line above says so. They go on where the one before ended. */
function inChromium(claim: string, look: () => Promise<void>): void {
  if (chromium !== null) test(`dashboard in Chromium: ${claim}`, look, TEST_MS);
}

const press = (name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();
const see = async (selector: string): Promise<void> => void (await page.waitForSelector(selector));
const leaderId = async (): Promise<string> => (await page.textContent(".node.leader .id"))!;
/** Waits until the expression is true on the page, by the debugging protocol: the page's policy forbids `eval`. */
const holds = (expression: string): Promise<boolean> =>
  until(expression, WITHIN_MS, () => page.evaluate<boolean>(expression), 50);
/** Waits until an event says so. */
const told = (text: string): Promise<unknown> =>
  page.waitForSelector(`.event-list li:has-text("${text}")`);

/** What axe finds that keeps people out. */
async function barriers(): Promise<string[]> {
  // By the debugging protocol, which the page's policy does not bind: its own scripts could not do this.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Whole, legible to all and without a word on the console, in every view. */
async function lookAtAllViews(): Promise<void> {
  for (const [i, view] of VIEWS.entries()) {
    await changeView(page, view);
    expect({ ...view, sideways: await sidewaysOverflow(page) }).toEqual({ ...view, sideways: 0 });
    // Light and wide, dark and narrow: every rule meets every scheme and width once.
    if (i === 0 || i === VIEWS.length - 1) expect(await barriers()).toEqual([]);
  }
  await changeView(page, VIEWS[0]!);
  expect(problems).toEqual([]);
}

inChromium(
  "a person starts a cluster on the page; the token is gone from the address",
  async () => {
    await page.goto(dashboard.url);
    await see("text=Start a cluster");
    expect(page.url()).toBe(`${dashboard.origin}/`);
    await lookAtAllViews();
    await page.getByRole("combobox", { name: "Nodes" }).selectOption("3");
    await press("Start cluster");
    await see(".node.leader");
    expect(await page.locator(".node").count()).toBe(3);
    expect(await page.locator(".lanes-list > li").count()).toBe(3);
  },
);

inChromium("the leader is killed, another one elected, and the log says who asked", async () => {
  const first = await leaderId();
  await press("Crash the leader");
  await see(".node.down");
  await holds(
    `![undefined, "${first}"].includes(document.querySelector(".node.leader .id")?.textContent)`,
  );
  expect(await page.textContent(".node.down .id")).toBe(first);
  await told(`crash node ${first} by page 1`);
  await told(`node ${await leaderId()} leads term`);
  await lookAtAllViews();
  await press("Lift all faults");
  await page.waitForSelector(".node.down", { state: "detached" });
});

inChromium(
  "by keyboard alone: nodes are chosen, isolated, their links made lossy, and healed",
  async () => {
    const node = page.locator(".node").first();
    const id = await node.locator(".id").textContent();
    await node.focus();
    await page.keyboard.press("Space");
    expect(await node.getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "Isolate" }).focus();
    await page.keyboard.press("Enter");
    await holds(`document.querySelectorAll(".link.cut").length === 2`);
    await page.getByRole("button", { name: "Heal links" }).focus();
    await page.keyboard.press("Enter");
    await holds(`document.querySelectorAll(".link.cut").length === 0`);
    await page.getByRole("slider", { name: "Loss" }).focus();
    await page.keyboard.press("ArrowRight");
    await holds(`document.querySelectorAll(".link.hit").length === 2`);
    await told("loss 5 %");
    await page.keyboard.press("Home");
    await holds(`document.querySelectorAll(".link.hit").length === 0`);
    await press("Clear selection");
    expect(await page.locator(`.node[aria-pressed="true"]`).count()).toBe(0);
    expect(id).toMatch(/^\d$/);
  },
);

inChromium("a line dragged across the ring is a partition; Escape gives it up", async () => {
  // Node 1 is at the top: a line below it cuts it off.
  const drag = async (): Promise<void> => {
    const box = (await page.locator("svg.ring").boundingBox())!;
    const y = box.y + box.height * 0.42;
    await page.mouse.move(box.x + 4, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 4, y, { steps: 8 });
  };
  await page.evaluate("scrollTo(0, 0)");
  await drag();
  expect(await page.textContent(".ring-hint")).toBe("partition {1} | {2, 3}");
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await page.locator(".link.cut").count()).toBe(0);
  await drag();
  await page.mouse.up();
  await holds(`document.querySelectorAll(".link.cut").length === 2`);
  await told("partition 1 | 2 3");
  await lookAtAllViews();
  await press("Lift all faults");
  await holds(`document.querySelectorAll(".link.cut").length === 0`);
});

inChromium("a load is started and stopped, and its figures are drawn", async () => {
  await page.getByRole("spinbutton", { name: "Rate" }).fill("100");
  await press("Start load");
  await holds(`/^[1-9]/.test(document.querySelector(".load .lead").textContent)`);
  await holds(`/^[1-9]/.test(document.querySelector(".live-charts output").textContent)`);
  await press("Stop load");
  await told("the load was stopped");
});

inChromium(
  "still motion for those who want it, the session outlives a reload, the cluster is stopped",
  async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.reload();
    await see(".node.leader");
    await told("the load was stopped");
    await press("Stop cluster");
    await see("text=Start a cluster");
    expect(problems).toEqual([]);
  },
);
