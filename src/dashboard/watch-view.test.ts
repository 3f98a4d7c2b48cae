import { expect, test } from "bun:test";
import type { NodeStatus, PeerStatus } from "../target/target.ts";
import { track, type Watched } from "./watch-track.ts";
import { renderWatch, watchLine } from "./watch-view.ts";

const node = (id: number, more: Partial<NodeStatus> = {}): NodeStatus => ({
  ...{ id, pid: 100 + id, role: "follower", term: 3, votedFor: 2 },
  ...{ snapshotIndex: 0, appliedIndex: 100, commitIndex: 100, lastIndex: 100 },
  ...{ peerPort: 1, clientPort: 2, httpPort: 3 },
  ...more,
});
const peer = (id: number, matchIndex: number, more: Partial<PeerStatus> = {}): PeerStatus =>
  ({
    id,
    isConnected: true,
    matchIndex,
    nextIndex: matchIndex + 1,
    state: "replicate",
    ...more,
  }) as PeerStatus;
const leader = (peers: readonly PeerStatus[], more: Partial<NodeStatus> = {}): NodeStatus =>
  node(2, { role: "leader", peers, ...more });

const running = track(
  null,
  "demo",
  [
    node(1, { snapshotIndex: 50, appliedIndex: 75 }),
    leader([peer(1, 100), peer(3, 0, { isConnected: false, state: "probe" })], { lastIndex: 120 }),
    node(3, { role: "down" }),
  ],
  0,
);

test("watch: golden lines of a wide terminal", () => {
  expect(renderWatch(running, 80, 24, false)).toEqual([
    "demo  leader 2 (term 3)   – entries/s   0.0 s   q quits",
    "",
    "node role           term vote  log: ░ snapshot █ applied ▓ c    commit      last",
    "1    · follower        3    2  ░░░░░░░░░░░░░██████▓▓▓▓▓▓····       100       100",
    "2    ★ leader          3    2  █████████████████████████▒▒▒▒       100       120",
    "3    ✗ down            –    –                                        –         –",
    "",
    "replication, as the leader sees it",
    "  2 → 1   match 100  −20  next 101  replicate",
    "  2 → 3   match 0  −120  next 1  not connected",
    "",
    "",
    "  0.0 s  node 3 is down",
    "  0.0 s  leader 2 in term 3",
  ]);
});

test("watch: golden lines of 40 columns, with the logs below the figures", () => {
  expect(renderWatch(running, 40, 24, false)).toEqual([
    "demo  leader 2 (term 3)",
    "– entries/s   0.0 s   q quits",
    "",
    "node role           term vote    commit",
    "1    · follower        3    2       100",
    "     ░░░░░░░░░░░░░░░███████▓▓▓▓▓▓▓▓·····",
    "2    ★ leader          3    2       100",
    "     ██████████████████████████████▒▒▒▒▒",
    "3    ✗ down            –    –         –",
    "",
    "replication, as the leader sees it",
    "  2 → 1   match 100  −20  replicate",
    "  2 → 3   match 0  −120  not connected",
    "",
    "",
    "  0.0 s  node 3 is down",
    "  0.0 s  leader 2 in term 3",
  ]);
});

test("watch: no line is wider than the terminal, nor are there more than it has", () => {
  const events = Array.from({ length: 50 }, (_, i) => ({
    ...{ atMs: i, isBad: false },
    text: `something happened ${i}`,
  }));
  const busy: Watched = { ...running, clusterId: "x".repeat(60), events };
  for (const width of [20, 39, 40, 71, 72, 73, 200]) {
    for (const rows of [3, 10, 24]) {
      const lines = renderWatch(busy, width, rows, false);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
    }
  }
  expect(renderWatch(busy, 80, 24, false).at(-1)).toContain("something happened 49");
});

/** What one look after another says. */
function said(...looks: readonly (readonly NodeStatus[])[]): readonly string[] {
  let watched: Watched | null = null;
  looks.forEach((nodes, i) => void (watched = track(watched, "demo", nodes, i * 500)));
  return watched!.events.filter(({ atMs }) => atMs > 0).map(({ text }) => text);
}

test("watch: a leader that dies, the votes and the next leader are told, once each", () => {
  const before = [node(1), leader([]), node(3)];
  const dead = [node(1), node(2, { role: "down" }), node(3)];
  const asks = [
    node(1),
    node(2, { role: "down" }),
    node(3, { role: "candidate", term: 4, votedFor: 3 }),
  ];
  const elected = [
    node(1, { term: 4, votedFor: 3 }),
    node(2, { role: "down" }),
    node(3, { role: "leader", term: 4, votedFor: 3 }),
  ];
  const back = [...elected];
  back[1] = node(2, { term: 4, pid: 999, votedFor: 0 });
  expect(said(before, before, dead, dead, asks, elected, back)).toEqual([
    "node 2 down",
    "no leader",
    "node 3 asks for votes in term 4",
    "node 1 voted for 3 in term 4",
    "leader 3 elected in term 4",
    "node 2 up",
  ]);
});

test("watch: new and restarted nodes, snapshots and leaders that step down are told", () => {
  const before = [node(1), leader([])];
  const after = [node(1, { pid: 7, snapshotIndex: 90 }), node(2), node(3)];
  expect(said(before, after)).toEqual([
    "node 1 restarted",
    "node 1 has a snapshot up to 90",
    "node 2 leads no more",
    "node 3 is new",
    "no leader",
  ]);
  expect(said([...before, node(3)], before)).toEqual(["node 3 is not listed any more"]);
});

test("watch: throughput is what commitIndex grows by in a second, and never less than nothing", () => {
  const at = (commitIndex: number): readonly NodeStatus[] => [leader([], { commitIndex })];
  const one = track(null, "demo", at(100), 0);
  expect(one.throughput).toBeNull();
  const two = track(one, "demo", at(400), 500);
  expect(two.throughput).toBe(600);
  const three = track(two, "demo", at(300), 1000);
  expect([three.throughput, three.curve]).toEqual([0, [600, 0]]);
  expect(watchLine(two)).toBe("  0.5 s  leader 2 (term 3)  commit 400  600/s");
});
