import { expect, test } from "bun:test";
import { openLiveView, type Screen } from "./terminal.ts";
import type { RunView } from "./view.ts";

const view: RunView = {
  ...{ title: "x", seed: 1, phase: "running", elapsedMs: 0, durationMs: 1000, nodes: [] },
  ...{ faults: [], throughput: 0, p99Us: null, total: { ok: 0, fail: 0, info: 0 }, curve: [] },
};

function screenOf(isTTY: boolean): { readonly screen: Screen; readonly text: () => string } {
  let text = "";
  const write = (more: string): void => {
    text += more;
  };
  return { screen: { isTTY, columns: 80, rows: 24, write }, text: () => text };
}

test("openLiveView: on a terminal the cursor is hidden, and shown again exactly once", () => {
  const { screen, text } = screenOf(true);
  const listeners = process.listenerCount("exit");
  const live = openLiveView(screen, false);
  live.update(view);
  live.close();
  live.close();
  expect(text().startsWith("\x1b[?25l")).toBe(true);
  expect(text().split("\x1b[?25h").length).toBe(2);
  expect(text().endsWith("\x1b[?25h")).toBe(true);
  expect(process.listenerCount("exit")).toBe(listeners);
});

test("openLiveView: a second picture is drawn over the first", () => {
  const { screen, text } = screenOf(true);
  const live = openLiveView(screen, false);
  live.update(view);
  const lines = text().split("\n").length - 1;
  live.update(view);
  live.close();
  expect(text()).toContain(`\x1b[${lines}A\r`);
});

test("openLiveView: elsewhere one plain line a second, and one when the phase changes", () => {
  const { screen, text } = screenOf(false);
  const live = openLiveView(screen, true);
  for (const elapsedMs of [0, 400, 900, 1000, 1400]) live.update({ ...view, elapsedMs });
  live.update({ ...view, phase: "checking", elapsedMs: 1500 });
  live.close();
  expect(text().trimEnd().split("\n").length).toBe(3);
  expect(text()).not.toContain("\x1b[");
});
