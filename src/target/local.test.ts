import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../fault/vocabulary.ts";
import { UserError } from "../lib/user-error.ts";
import { localTarget } from "./local.ts";
import { leaderOf } from "./local-status.ts";
import { configFile } from "./local-dir.ts";
import type { Cluster, ClusterOptions, NodeStatus } from "./target.ts";
import { isAlive } from "./testing/processes.ts";
import { until } from "./until.ts";

const WITHIN_MS = 30_000;
const TEST_MS = 120_000;
/** A node that is silent for so long is taken for dead: no machine is so slow. */
const STATUS_MS = 10_000;
const SEED = 7;

const dir = mkdtempSync(join(tmpdir(), "ordeal-local-"));
const options = (name: string, changes: Partial<ClusterOptions> = {}): ClusterOptions => ({
  nodes: 3,
  storage: "disk",
  dir: join(dir, name),
  faultyLinks: true,
  seed: SEED,
  ...changes,
});

let cluster: Cluster;
beforeAll(async () => {
  cluster = await localTarget.start(options("shared"));
}, TEST_MS);
afterEach(async () => {
  await cluster.recover();
  await allAgree();
}, TEST_MS);
afterAll(async () => {
  const { length } = cluster.failures();
  await cluster.stop();
  rmSync(dir, { recursive: true });
  expect(length).toBe(0);
}, TEST_MS);

const statuses = (): Promise<readonly NodeStatus[]> => cluster.status(STATUS_MS);
const statusOf = async (id: number): Promise<NodeStatus> =>
  (await statuses()).find((status) => status.id === id)!;

/** Waits until one node leads, `not` that one, and returns it. */
const newLeader = (not = 0): Promise<number> =>
  until(`a leader other than ${not}`, WITHIN_MS, async () => {
    const leader = leaderOf((await statuses()).filter((status) => status.id !== not));
    return leader === 0 ? null : leader;
  });

/** Breaks the leader and returns it: who leads changes by itself on a machine that is slow enough. */
async function hitLeader(fault: Fault): Promise<number> {
  await newLeader();
  const { nodes } = await cluster.fault(fault);
  expect(nodes.length).toBe(1);
  return nodes[0]!;
}

/** Waits until all nodes are up, in one term and at one commit index, and one leads. */
const allAgree = (): Promise<true> =>
  until("all nodes agree", WITHIN_MS, async () => {
    const all = await statuses();
    const same = (field: "term" | "commitIndex"): boolean =>
      new Set(all.map((status) => status[field])).size === 1;
    const leaders = all.filter((status) => status.role === "leader");
    const up = all.every((status) => status.role === "leader" || status.role === "follower");
    return up && leaders.length === 1 && same("term") && same("commitIndex");
  });

test("local target: a started cluster has a leader, and says where it is and what happened", async () => {
  expect(cluster.nodeIds).toEqual([1, 2, 3]);
  await newLeader();
  const all = await statuses();
  expect(all.every((status) => isAlive(status.pid))).toBe(true);
  expect(cluster.address.nodes.map(({ port }) => port)).toEqual(all.map((s) => s.clientPort));
  const events = await cluster.events();
  expect(
    events
      .filter(({ kind }) => kind === "started")
      .map(({ node }) => node)
      .sort(),
  ).toEqual([1, 2, 3]);
  expect(events.some(({ kind }) => kind === "becameLeader")).toBe(true);
  const nowUs = (performance.timeOrigin + performance.now()) * 1000;
  for (const { atUs } of events) expect(Math.abs(nowUs - atUs)).toBeLessThan(60_000_000);
});

test(
  "local target: a crashed leader is replaced, and restarts on what its disk holds",
  async () => {
    const pids = new Map((await statuses()).map((status) => [status.id, status.pid]));
    const old = await hitLeader({ kind: "crash", nodes: { kind: "leader" } });
    const pid = pids.get(old)!;
    expect(isAlive(pid)).toBe(false);
    expect((await statusOf(old)).role).toBe("down");
    const leader = await newLeader(old);
    expect(await cluster.fault({ kind: "restart", nodes: { kind: "all" } })).toMatchObject({
      nodes: [old],
    });
    await allAgree();
    const events = await cluster.events();
    const elected = events.filter(({ kind }) => kind === "becameLeader").map(({ node }) => node);
    expect(elected).toContain(leader);
    expect(events.filter((e) => e.kind === "started" && e.node === old).length).toBe(2);
    expect(events.filter((e) => e.kind === "started" && e.node === leader).length).toBe(1);
    expect(cluster.failures()).toEqual([]);
  },
  TEST_MS,
);

test(
  "local target: a paused leader is replaced, and steps down once it is resumed",
  async () => {
    const old = await hitLeader({ kind: "pause", nodes: { kind: "leader" } });
    const paused = await statusOf(old);
    expect(paused.role).toBe("paused");
    expect(isAlive(paused.pid)).toBe(true);
    await newLeader(old);
    expect(await cluster.fault({ kind: "resume", nodes: { kind: "all" } })).toMatchObject({
      nodes: [old],
    });
    await allAgree();
    expect((await statusOf(old)).term).toBeGreaterThan(paused.term);
  },
  TEST_MS,
);

test(
  "local target: a leader cut off with a minority is replaced, and follows once it heals",
  async () => {
    const old = await hitLeader({ kind: "partition", shape: "halves", leaderIn: "minority" });
    const leader = await newLeader(old);
    expect((await statusOf(leader)).term).toBeGreaterThan((await statusOf(old)).term);
    await cluster.fault({ kind: "heal" });
    await allAgree();
  },
  TEST_MS,
);

test(
  "local target: a cluster that loses every frame has no leader until that is lifted",
  async () => {
    await newLeader();
    await cluster.fault({ kind: "loss", nodes: { kind: "all" }, ratio: 1 });
    await until("nobody leads", WITHIN_MS, async () => leaderOf(await statuses()) === 0);
    // The fault on "the leader" then hits nobody, after a while of waiting for one.
    expect(await cluster.fault({ kind: "pause", nodes: { kind: "leader" } })).toMatchObject({
      nodes: [],
    });
    await cluster.fault({ kind: "heal" });
    await newLeader();
  },
  TEST_MS,
);

test(
  "local target: stop leaves no process, paused and crashed nodes included; twice is once",
  async () => {
    const other = await localTarget.start(options("stopped", { storage: "memory", seed: 8 }));
    const pids = (await other.status(STATUS_MS)).map((status) => status.pid);
    await other.fault({ kind: "pause", nodes: { kind: "node", id: 1 } });
    await other.fault({ kind: "crash", nodes: { kind: "node", id: 2 } });
    await Promise.all([other.stop(), other.stop()]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(other.failures()).toEqual([]);
  },
  TEST_MS,
);

test("local target: a directory with the data of a cluster is refused, and stays as it is", async () => {
  const { dir: used } = options("shared");
  const before = await Bun.file(configFile(used)).text();
  await expect(localTarget.start(options("shared"))).rejects.toThrow(UserError);
  expect(await Bun.file(configFile(used)).text()).toBe(before);
});

test(
  "local target: a node that ends by itself is a failure, told with what it said",
  async () => {
    const other = await localTarget.start(
      options("failing", { nodes: 1, storage: "memory", faultyLinks: false }),
    );
    const [{ pid } = { pid: 0 }] = await other.status(STATUS_MS);
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, "SIGKILL");
    await until("the failure is seen", WITHIN_MS, () => other.failures().length === 1);
    expect(other.failures()[0]).toContain(`node 1 (pid ${pid}) ended by itself by SIGKILL`);
    await other.stop();
  },
  TEST_MS,
);
