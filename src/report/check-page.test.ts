import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type CheckOptions, type CheckResult, checkHistory } from "../check/check.ts";
import { beginning } from "../check/explain/beginning.ts";
import { proofOf } from "../check/explain/proof.ts";
import { type SyntheticSpec, synthesize } from "../check/testing/synthetic.ts";
import type { History } from "../history/op.ts";
import { renderCheckPage } from "./check-page.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Report } from "./schema.ts";
import { summaryLines } from "./terminal.ts";
import {
  CHROMIUM_MISSING,
  changeView,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "./testing/browser.ts";
import { demoReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const OPTIONS: CheckOptions = {
  now: () => performance.now(),
  timeoutMs: 20_000,
  memoryBytes: 1 << 28,
};

const NOWHERE = { timeline: null, nodes: 0 };

function pageOf(history: History, result: CheckResult, around = NOWHERE as Around): string {
  const limits = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 24 };
  const witness = result.kind === "pass" ? beginning(history, 30, limits) : [];
  const proof = proofOf(history, result);
  const command = "ordeal check history.bin";
  return renderCheckPage({
    file: "history.bin",
    result,
    proof,
    witness,
    ms: 12.3,
    command,
    around,
  });
}
type Around = Pick<Report, "timeline"> & { nodes: number };

/** A stale read in the middle of a run that the demo report tells of. */
function staleRead(spec: Partial<SyntheticSpec> = {}): History {
  const history = synthesize({ operations: 2000, clients: 8, staleReadAt: 0.5, ...spec });
  const startUs = demoReport().timeline!.startUs;
  const first = history.callUs[0]!;
  const lastUs = history.callUs.at(-1)!;
  const shift = (us: number): number => startUs + ((us - first) / (lastUs - first)) * 19e6;
  return { ...history, callUs: history.callUs.map(shift), returnUs: history.returnUs.map(shift) };
}

function failing(history: History): Report {
  const result = checkHistory(history, OPTIONS);
  if (result.kind !== "fail") throw new Error(`${result.kind}, but it must fail`);
  const { operations, arrows, window } = proofOf(history, result);
  const check = { name: "linearizable", verdict: result.kind, detail: result.sentence };
  const checks = [{ ...check, evidence: operations, arrows, window: window! }];
  return { ...demoReport(), verdict: "fail", checks };
}

const UNKNOWN: Omit<Extract<CheckResult, { kind: "unknown" }>, "prefix"> = {
  ...{ kind: "unknown", limit: "memory", operations: 40, keys: 1, key: "k0", unsettled: 1 },
  detail: "memory ran out after 12 of 40 operations of key k0 had been ordered",
};

/** Evil in every name, and long. */
const EVIL = `</script><script>alert(1)</script>"'><img src=x onerror=alert(2)>\u2028\u202e${"<x>".repeat(3500)}`;
const evil = (history: History): History => ({
  ...history,
  keys: { size: history.keys.size, name: (id) => `${id}${EVIL}${id}` },
  values: { size: history.values.size, name: (id) => `${id}${EVIL}${id}` },
});

test("check page: a million operations with hostile names of 10 KB give a page below 1 MB", () => {
  const many = { operations: 1_000_000, clients: 64, keys: 3, staleReadAt: 0.6 };
  const history = evil(synthesize(many));
  const result = checkHistory(history, OPTIONS);
  expect(result.kind).toBe("fail");
  const page = pageOf(history, result);
  expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
  expect(page.match(/<\/?script/g)).toHaveLength(2);
  expect(page).not.toContain("<img");
  expect(page).toContain("&lt;/script&gt;");
}, 60_000);

test("report: hostile names stay text, and a violation keeps the page below 1 MB", () => {
  const page = renderHtml(failing(evil(synthesize({ operations: 20_000, staleReadAt: 0.5 }))));
  expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
  expect(page).not.toContain("<img");
});

test("check page: a violation says why, with at most 6 bars and the arrows round", () => {
  const history = staleRead();
  const report = failing(history);
  const [check] = report.checks;
  expect(check!.evidence.length).toBeLessThanOrEqual(6);
  const page = pageOf(history, checkHistory(history, OPTIONS));
  const text = page.replace(/<(script|style)[^]*?<\/\1>/g, "").replace(/<[^>]+>/g, "");
  expect(text).toMatch(/a read by client \d+ returned v\d+ after /);
  expect(text).toContain("returned before it was called");
  expect(text).toMatch(/go round in a circle/);
  expect(text).not.toMatch(/undefined|NaN|\[object/);
  expect(parseReport(JSON.stringify(report), "r").checks[0]).toEqual(check!);
});

test("report: a violation is drawn in the terminal and in Markdown too", () => {
  const report = failing(staleRead());
  const lines = summaryLines(report, { path: "r.html", colour: false });
  const isBar = (line: string): boolean => /├─+[┤┐]/.test(line);
  expect(lines.filter(isBar)).toHaveLength(report.checks[0]!.evidence.length);
  expect(lines.join("\n")).toMatch(/ 1? ?\d → \d {2}returned before it was called\n/);
  const markdown = renderMarkdown(report);
  expect(markdown.split("\n").filter(isBar)).toHaveLength(report.checks[0]!.evidence.length);
  expect(markdown).toMatch(/\n```text\n1 {2}client /);
  const evidence = [{ ...report.checks[0]!.evidence[0]!, events: [1e9, -3] as const }];
  const odd = { ...report, checks: [{ ...report.checks[0]!, evidence }] };
  expect(summaryLines(odd, { path: "r.html", colour: false }).filter(isBar)).toEqual([]);
  expect(renderHtml(odd).replace(/<(script|style)[^]*?<\/\1>/g, "")).not.toMatch(/undefined|NaN/);
});

test("check page: a pass names what proved it, and how the order begins", () => {
  const history = synthesize({ operations: 500 });
  const result = checkHistory(history, OPTIONS);
  expect(result.kind).toBe("pass");
  const page = pageOf(history, result);
  expect(page).toContain("What proved it");
  expect(page).toContain("How the order begins");
  expect(page.match(/client \d+: <code>/g)).toHaveLength(30);
});

test("check page: unknown tells the limit, and marks the longest legal order and where it ends", () => {
  const history = synthesize({ operations: 40 });
  const page = pageOf(history, { ...UNKNOWN, prefix: [0, 1, 2, 3] });
  expect(page).toContain("Out of memory.");
  expect(page).toContain(UNKNOWN.detail);
  expect(page).toContain("number 4 of the legal order");
  expect(page.match(/class="op \w+ core/g)).toHaveLength(1);
});

test("check page: a recording without a clock has its events numbered", () => {
  const timed = synthesize({ operations: 200, staleReadAt: 0.5 });
  const history = { ...timed, callUs: timed.callUs.fill(0), returnUs: timed.returnUs.fill(0) };
  const page = pageOf(history, checkHistory(history, OPTIONS));
  expect(page).toContain('data-unit="event"');
  expect(page).toMatch(/event \d+ to \d+"/);
});

const chromium = findChromium();
if (chromium === null) console.warn(CHROMIUM_MISSING);

let dir = "";
let browser: Browser | null = null;
const fileOf = (name: string): string => join(dir, `${name}.html`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-check-page-"));
  const history = staleRead();
  const { timeline, target } = demoReport();
  const result = checkHistory(history, OPTIONS);
  await Bun.write(fileOf("fail"), pageOf(history, result, { timeline, nodes: target.nodes }));
  await Bun.write(fileOf("report"), renderHtml(failing(history)));
  const other = synthesize({ operations: 60, pending: 0.1 });
  await Bun.write(fileOf("unknown"), pageOf(other, { ...UNKNOWN, prefix: [0, 1, 2, 3] }));
  await Bun.write(fileOf("pass"), pageOf(other, checkHistory(other, OPTIONS)));
  if (chromium !== null) browser = await launchChromium(chromium);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

/** A test in a real Chromium; without one there is no test, and the line above says so. */
function inChromium(claim: string, look: (browser: Browser) => Promise<void>): void {
  if (chromium !== null) test(`check page in Chromium: ${claim}`, () => look(browser!), 60_000);
}

for (const name of ["fail", "report", "unknown", "pass"])
  inChromium(`${name} is whole at 1280 and 400 pixels, light and dark`, async (with_) => {
    const { page, problems } = await openPage(with_, fileOf(name), VIEWS[0]!);
    const isDrawn = name === "fail" || name === "report";
    for (const view of isDrawn ? VIEWS : VIEWS.slice(2)) {
      await changeView(page, view);
      const seen = { ...view, problems, sideways: await sidewaysOverflow(page) };
      expect(seen).toEqual({ ...view, problems: [], sideways: 0 });
      expect(await textOutside(page)).toEqual([]);
    }
    await page.close();
  });

/** Texts of the picture that shows now and do not lie within it. */
const textOutside = (page: Page): Promise<readonly string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll(".proof svg")].flatMap((svg) => {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) return [];
    return [...svg.querySelectorAll("text")]
      .filter((text) => {
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
      })
      .map((text) => text.textContent);
  })`);

/** What the window shows now, in seconds. */
const shown = (page: Page): Promise<number[]> =>
  page.evaluate<number[]>(
    `["--x0", "--x1"].map((name) => Number(document.querySelector(".window").style.getPropertyValue(name)))`,
  );

inChromium("the window zooms and moves by buttons, keys, wheel and dragging", async (with_) => {
  const { page, problems } = await openPage(with_, fileOf("fail"), VIEWS[0]!);
  const span = async (): Promise<number> => {
    const [from, to] = await shown(page);
    return to! - from!;
  };
  const first = await span();
  await page.getByRole("button", { name: "Zoom in" }).click();
  expect(await span()).toBeCloseTo(first / 2, 6);
  await page.getByRole("button", { name: "Everything" }).click();
  expect(await span()).toBeGreaterThan(first);
  expect(await page.getByRole("button", { name: "Zoom out" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Back to it" }).click();
  expect(await span()).toBeCloseTo(first, 6);

  const plot = page.locator(".window .plot");
  await plot.focus();
  await page.keyboard.press("+");
  expect(await span()).toBeCloseTo(first / 2, 6);
  const [before] = await shown(page);
  await page.keyboard.press("ArrowRight");
  const [after] = await shown(page);
  expect(after! - before!).toBeCloseTo(first * 0.2, 6);
  await page.keyboard.press("0");
  expect(await span()).toBeGreaterThan(first);

  await page.keyboard.press("c");
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + 100);
  await page.mouse.wheel(0, -300);
  await page.waitForFunction(`(() => {
    const { style } = document.querySelector(".window");
    return style.getPropertyValue("--x1") - style.getPropertyValue("--x0") < ${first * 0.9};
  })()`);
  const [left] = await shown(page);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 120, box.y + 100, { steps: 4 });
  await page.mouse.up();
  const [moved] = await shown(page);
  expect(moved!).toBeGreaterThan(left!);
  expect(problems).toEqual([]);
  await page.close();
});

inChromium("operations can be read by pointer and by keyboard", async (with_) => {
  const { page, problems } = await openPage(with_, fileOf("fail"), VIEWS[0]!);
  const output = page.locator(".window output");
  await page.locator(".window i.op.core:not(.swatch)").first().hover();
  expect(await output.textContent()).toMatch(/^client \d+: (get|put) .+called at /);
  await page.locator(".window .plot").focus();
  await page.keyboard.press("ArrowDown");
  const one = await output.textContent();
  await page.keyboard.press("ArrowDown");
  const two = await output.textContent();
  expect(two).toMatch(/^client \d+: /);
  expect(two).not.toBe(one);
  expect(await page.locator("i.op:focus").count()).toBe(1);
  expect(problems).toEqual([]);
  await page.close();
});

inChromium("faults and leaders lie above the clients, on the same time", async (with_) => {
  const { page } = await openPage(with_, fileOf("report"), VIEWS[0]!);
  await page.getByRole("button", { name: "Everything" }).click();
  const lanes = page.locator(".window .tracks > li");
  expect(await lanes.nth(0).locator(".node").textContent()).toBe("faults");
  expect(await lanes.nth(1).locator(".node").textContent()).toBe("node 1");
  expect(await page.locator(".window .box.leader").count()).toBeGreaterThan(0);
  const inside = await page.evaluate<boolean>(`[...document.querySelectorAll(".window .box")].some(
    (box) => box.getBoundingClientRect().width > 4)`);
  expect(inside).toBe(true);
  await page.close();
});
