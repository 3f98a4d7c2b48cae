import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { LinkTable } from "./link-table.ts";
import { allLinks, type Link, resolveNodes, resolvePartition } from "./resolve.ts";
import { CLEAR_LINK, type Fault } from "./vocabulary.ts";

const five = { nodes: [1, 2, 3, 4, 5], leader: 3 };
const name = ({ from, to }: Link): string => `${from}>${to}`;
const prng = (seed = 1): Prng => new Prng(seed);
type Partition = Extract<Fault, { kind: "partition" }>;

/** Which nodes hear `to`, itself among them, once `cut` is in force. */
const heardBy = (to: number, nodes: readonly number[], cut: readonly Link[]): number[] =>
  nodes.filter((from) => !cut.some((link) => link.from === from && link.to === to));

test("resolveNodes: leader, followers, all and a node by its id, among the eligible", () => {
  const pick = (spec: Parameters<typeof resolveNodes>[0], eligible = five.nodes) =>
    resolveNodes(spec, five, eligible, prng());
  expect(pick({ kind: "leader" })).toEqual([3]);
  expect(pick({ kind: "followers" })).toEqual([1, 2, 4, 5]);
  expect(pick({ kind: "all" })).toEqual([1, 2, 3, 4, 5]);
  expect(pick({ kind: "node", id: 4 })).toEqual([4]);
  expect(pick({ kind: "node", id: 4 }, [1, 2])).toEqual([]);
  expect(pick({ kind: "leader" }, [1, 2])).toEqual([]);
});

test("resolveNodes: the leader of a group, or of one of all groups that have one", () => {
  const view = {
    ...five,
    leaderOf: new Map([
      [2, 4],
      [3, 4],
      [5, 1],
    ]),
  };
  const pick = (group: number | null, seed = 1, eligible = five.nodes) =>
    resolveNodes({ kind: "leaderOf", group }, view, eligible, prng(seed));
  expect([pick(2), pick(5), pick(4), pick(5, 1, [2])]).toEqual([[4], [1], [], []]);
  const drawn = Array.from({ length: 50 }, (_, seed) => pick(null, seed));
  expect(new Set(drawn.flat())).toEqual(new Set([1, 4]));
  expect(drawn.every(({ length }) => length === 1)).toBe(true);
  expect(resolveNodes({ kind: "leaderOf", group: null }, five, five.nodes, prng())).toEqual([]);
});

test("resolveNodes: without a known leader, leader is nobody and followers is everybody", () => {
  const view = { nodes: [1, 2, 3], leader: 0 };
  expect(resolveNodes({ kind: "leader" }, view, view.nodes, prng())).toEqual([]);
  expect(resolveNodes({ kind: "followers" }, view, view.nodes, prng())).toEqual([1, 2, 3]);
});

test("resolveNodes: random draws of the right size, among the eligible, every node in time", () => {
  const drawn = new Set<number>();
  for (let seed = 1; seed <= 100; seed++) {
    const random = (size: "one" | "minority" | "majority", eligible = five.nodes) =>
      resolveNodes({ kind: "random", size }, five, eligible, prng(seed));
    expect(random("one").length).toBe(1);
    expect(random("minority").length).toBe(2);
    expect(random("majority").length).toBe(3);
    expect(random("majority", [2, 5])).toEqual([2, 5]);
    expect([...random("minority")].sort()).toEqual([...random("minority")]);
    for (const id of random("one")) drawn.add(id);
  }
  expect(drawn.size).toBe(5);
});

test("partition halves: nothing passes between a minority and the rest, all passes within", () => {
  for (let seed = 1; seed <= 50; seed++) {
    for (const leaderIn of ["minority", "majority", "any"] as const) {
      const fault: Partition = { kind: "partition", shape: "halves", leaderIn };
      const { nodes, links } = resolvePartition(fault, five, prng(seed));
      expect(nodes.length).toBe(2);
      if (leaderIn !== "any") expect(nodes.includes(five.leader)).toBe(leaderIn === "minority");
      const apart = allLinks(five.nodes).filter(
        ({ from, to }) => nodes.includes(from) !== nodes.includes(to),
      );
      expect(links.map(name).sort()).toEqual(apart.map(name).sort());
    }
  }
});

test("partition halves: two nodes are parted, one node has nobody to be parted from", () => {
  const fault: Partition = { kind: "partition", shape: "halves", leaderIn: "any" };
  expect(resolvePartition(fault, { nodes: [1, 2], leader: 1 }, prng()).links.length).toBe(2);
  expect(resolvePartition(fault, { nodes: [1], leader: 1 }, prng()).links.length).toBe(0);
});

test("partition bridge: only the bridge hears both halves", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const fault: Partition = { kind: "partition", shape: "bridge" };
    const { nodes, links } = resolvePartition(fault, five, prng(seed));
    expect(nodes.length).toBe(1);
    for (const id of five.nodes) {
      const heard = heardBy(id, five.nodes, links);
      expect(heard.length).toBe(nodes.includes(id) ? 5 : 3);
      expect(heard).toContain(nodes[0]!);
    }
  }
});

test("partition majoritiesRing: every node hears a majority, no two the same one", () => {
  for (const [size, majority] of [
    [3, 2],
    [4, 3],
    [5, 3],
    [7, 4],
  ] as const) {
    const view = { nodes: Array.from({ length: size }, (_, i) => i + 1), leader: 1 };
    for (let seed = 1; seed <= 20; seed++) {
      const fault: Partition = { kind: "partition", shape: "majoritiesRing" };
      const { links } = resolvePartition(fault, view, prng(seed));
      const heard = view.nodes.map((id) => heardBy(id, view.nodes, links));
      for (const [i, group] of heard.entries()) {
        expect(group.length).toBe(majority);
        expect(group).toContain(view.nodes[i]!);
      }
      expect(new Set(heard.map((group) => group.join())).size).toBe(size);
    }
  }
});

const cutLinks = (table: LinkTable): string[] =>
  table.settings.filter((link) => link.state.cut).map(name);

test("LinkTable: isolate cuts what a node hears, what is heard of it, or both", () => {
  const isolated = (direction: "in" | "out" | "both"): string[] => {
    const table = new LinkTable([1, 2, 3]);
    table.isolate([2], direction);
    return cutLinks(table);
  };
  expect(isolated("in")).toEqual(["1>2", "3>2"]);
  expect(isolated("out")).toEqual(["2>1", "2>3"]);
  expect(isolated("both")).toEqual(["1>2", "2>1", "2>3", "3>2"]);
});

test("LinkTable: faults add up, and heal lifts them all", () => {
  const table = new LinkTable([1, 2, 3]);
  table.disturb([1], { kind: "loss", nodes: { kind: "all" }, ratio: 0.5 });
  table.disturb([2], { kind: "loss", nodes: { kind: "all" }, ratio: 0.5 });
  table.disturb([2], { kind: "delay", nodes: { kind: "all" }, ms: 10, jitterMs: 2 });
  table.disturb([2], { kind: "delay", nodes: { kind: "all" }, ms: 5, jitterMs: 1 });
  table.disturb([3], { kind: "duplicate", nodes: { kind: "all" }, ratio: 0.1 });
  table.disturb([3], { kind: "reorder", nodes: { kind: "all" }, ratio: 0.2, withinMs: 7 });
  table.isolate([1], "out");
  const state = (link: string) => table.settings.find((setting) => name(setting) === link)!.state;
  expect(state("1>2")).toEqual({
    ...CLEAR_LINK,
    cut: true,
    loss: 0.75,
    delayMs: 15,
    jitterMs: 3,
  });
  expect(state("3>1")).toEqual({
    ...CLEAR_LINK,
    loss: 0.5,
    duplicate: 0.1,
    reorder: 0.2,
    reorderWithinMs: 7,
  });
  table.heal();
  expect(table.settings.length).toBe(6);
  for (const link of table.settings) expect(link.state).toEqual(CLEAR_LINK);
});

test("partition random: two sides, neither empty, of every size, and all links between them", () => {
  const sizes = new Set<number>();
  for (let seed = 1; seed <= 100; seed++) {
    const fault: Partition = { kind: "partition", shape: "random" };
    const { nodes, links } = resolvePartition(fault, five, prng(seed));
    sizes.add(nodes.length);
    const apart = allLinks(five.nodes).filter(
      ({ from, to }) => nodes.includes(from) !== nodes.includes(to),
    );
    expect(links.map(name).sort()).toEqual(apart.map(name).sort());
  }
  expect([...sizes].sort()).toEqual([1, 2]);
});

test("LinkTable: a link is clogged while either end is, and heal lets all through", () => {
  const table = new LinkTable([1, 2, 3]);
  const clogged = (): string[] =>
    table.settings
      .filter(({ state }) => state.clogged)
      .map(name)
      .sort();
  table.clog([1]);
  table.clog([2]);
  table.unclog([1]);
  expect(clogged()).toEqual(["1>2", "2>1", "2>3", "3>2"]);
  table.setNodes([2, 3, 4]);
  expect(clogged()).toEqual(["2>3", "2>4", "3>2", "4>2"]);
  table.heal();
  expect(clogged()).toEqual([]);
});

test("LinkTable: of two limits of bandwidth the lower holds, and a tail adds to a delay", () => {
  const table = new LinkTable([1, 2]);
  table.disturb([1], { kind: "bandwidth", nodes: { kind: "all" }, bytesPerSecond: 500 });
  table.disturb([2], { kind: "bandwidth", nodes: { kind: "all" }, bytesPerSecond: 900 });
  const tail = { ratio: 0.1, ms: 50 };
  table.disturb([1], { kind: "delay", nodes: { kind: "all" }, ms: 3, jitterMs: 0, tail });
  expect(table.settings[0]!.state).toMatchObject({
    bytesPerSecond: 500,
    delayMs: 3,
    tailRatio: 0.1,
    tailMs: 50,
  });
});
