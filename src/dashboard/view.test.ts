import { expect, test } from "bun:test";
import type { NodeStatus } from "../target/target.ts";
import { renderPlain, renderView, type RunView, sparkline } from "./view.ts";

const node = (id: number, role: NodeStatus["role"], commitIndex: number): NodeStatus => ({
  ...{ id, role, commitIndex, pid: 4000 + id, term: 7, appliedIndex: commitIndex },
  ...{ lastIndex: commitIndex, peerPort: 1, clientPort: 2, httpPort: 3 },
});

const view: RunView = {
  title: "leader-churn",
  seed: 42,
  phase: "running",
  elapsedMs: 5_000,
  durationMs: 10_000,
  nodes: [
    node(1, "leader", 18_233),
    node(2, "follower", 18_230),
    node(3, "down", 0),
    node(4, "paused", 0),
    node(5, "preCandidate", 9_000),
  ],
  faults: [{ label: "crash leader", nodes: [3] }],
  throughput: 4312.4,
  p99Us: 12_345,
  total: { ok: 43_120, fail: 3, info: 12 },
  curve: [0, 1000, 2000, 4000, 3000],
};

test("renderView: 80 columns show every node with role, term, commit, lag and pid", () => {
  expect(renderView(view, 80, false).join("\n")).toMatchInlineSnapshot(`
    "leader-churn  seed 42  running  5.0 s / 10.0 s ████████████░░░░░░░░░░░░

    node role            term   commit  lag                  pid
    1    ★ leader           7   18,233                   0   4001
    2    · follower         7   18,230  ▪▪               3   4002
    3    ✗ down             –        –                   –   4003
    4    ‖ paused           –        –                   –   4004
    5    ? preCandidate     7    9,000  ▪▪▪▪▪▪▪▪     9,233   4005

    4,312 ops/s   p99 12.3 ms
    43,120 ok   3 fail   12 info
    crash leader → 3
    ▁▃▅█▇"
  `);
});

test("live view: a violation is told, on a line of its own or at the end", () => {
  const violation = "k17: a read by client 7 returned version 41";
  const lines = renderView({ ...view, violation }, 80, false);
  expect(lines).toContain(`✘ ${violation}`);
  expect(lines).toHaveLength(renderView(view, 80, false).length + 1);
  expect(renderPlain({ ...view, violation })).toEndWith(`VIOLATION ${violation}`);
});

test("live view: of a sharded cluster the map is told between nodes and figures, and the config's number", () => {
  const here = { shard: 0, state: "serving", num: 5, other: 0, keys: 3, bytes: 0 } as const;
  const report = { group: 2, num: 5, toDrop: [], shards: [here] };
  const shards = {
    config: { num: 5, shards: [2, 2], groups: [{ id: 2, nodes: [1] }] },
    groups: [{ group: 2, leader: 1, report }],
  };
  const lines = renderView({ ...view, shards }, 80, false);
  expect(lines.slice(9, 12)).toEqual(["config 5  groups 2★1", "shards 2 2", ""]);
  expect(lines).toHaveLength(renderView(view, 80, false).length + 3);
  expect(renderPlain({ ...view, shards })).toContain("config 5");
});

test("renderView: 40 columns leave out the bar and the pid, never the role or a figure", () => {
  expect(renderView(view, 40, false).join("\n")).toMatchInlineSnapshot(`
    "leader-churn  seed 42  running
    5.0 s / 10.0 s ████████████░░░░░░░░░░░░

    node role            term   commit   lag
    1    ★ leader           7   18,233     0
    2    · follower         7   18,230     3
    3    ✗ down             –        –     –
    4    ‖ paused           –        –     –
    5    ? preCandidate     7    9,000 9,233

    4,312 ops/s   p99 12.3 ms
    43,120 ok   3 fail   12 info
    crash leader → 3
    ▁▃▅█▇"
  `);
});

test("renderView: no line is wider than asked, coloured or not, whatever the content", () => {
  const long: RunView = {
    ...view,
    faults: Array.from({ length: 9 }, () => ({ label: "a fault with a long name", nodes: [1, 2] })),
    curve: Array.from({ length: 500 }, (_, i) => i),
  };
  for (const width of [20, 40, 60, 80, 200]) {
    for (const colors of [false, true]) {
      for (const line of renderView(long, width, colors)) {
        expect(Bun.stripANSI(line).length).toBeLessThanOrEqual(width);
      }
    }
  }
});

test("renderView: colours change nothing but the escape sequences", () => {
  const coloured = renderView(view, 80, true);
  expect(coloured.join("")).toContain("\x1b[");
  expect(coloured.map(Bun.stripANSI)).toEqual(renderView(view, 80, false));
});

test("renderView: a run without nodes or ticks yet renders", () => {
  const empty: RunView = { ...view, nodes: [], curve: [], faults: [], p99Us: null };
  expect(renderView(empty, 80, false).join("\n")).toContain("no fault");
});

test("renderPlain: one line with time, phase, rate, leader and fault", () => {
  expect(renderPlain(view)).toBe(
    "  5.0 s  running  4,312/s  p99 12.3 ms  leader 1 (term 7)  crash leader → 3",
  );
});

test("sparkline: the highest value is a full block, and the oldest values give way", () => {
  expect(sparkline([0, 4, 8], 10)).toBe("▁▅█");
  expect(sparkline([8, 0, 4], 2)).toBe("▁█");
});
