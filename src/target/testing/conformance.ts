import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { leaderOf } from "../local-status.ts";
import type { Cluster, ClusterOptions, NodeStatus, Target } from "../target.ts";
import { until } from "../until.ts";
import { type Outcome, PlainClient } from "./plain-client.ts";
import { isAlive } from "./processes.ts";

const WITHIN_MS = 60_000;
const TEST_MS = 120_000;
/** A node that is silent for so long is taken for dead: no machine is so slow. */
const STATUS_MS = 10_000;
/** A client's operation: long enough for a cluster to elect in. */
const OPERATION_MS = 30_000;
/** One that is meant to be given up. */
const GIVEN_UP_MS = 250;

export type ConformanceOptions = {
  /** Whom the shared cluster has; a target of one node: 1. */
  readonly nodes: number;
};

/**
 * The tests that every target must pass, whatever it runs: a Target promises no more than they show.
 * What it says it cannot do is tested as a refusal. They share one cluster, which every test leaves
 * whole.
 */
export function targetConformance(target: Target, { nodes }: ConformanceOptions): void {
  const name = `conformance of ${target.name}`;
  const dir = mkdtempSync(join(tmpdir(), "ordeal-conformance-"));
  const shared = new Shared(target, { ...defaults(dir, "shared"), nodes });

  beforeAll(() => shared.start(), TEST_MS);
  afterAll(async () => {
    try {
      await shared.stop();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, TEST_MS);
  afterEach(() => shared.recover(), TEST_MS);
  const check = (claim: string, body: () => Promise<void>): void =>
    test(`${name}: ${claim}`, body, TEST_MS);

  checkOperations(check, target, shared);
  checkFaults(check, target, shared, nodes);
  checkLifecycle(check, target, shared, dir);
}

type Check = (claim: string, body: () => Promise<void>) => void;

const defaults = (dir: string, name: string): ClusterOptions => ({
  ...{ nodes: 1, storage: "disk", dir: join(dir, name), faultyLinks: true, seed: 7 },
});

/** The cluster that the tests share, and a patient client of it. */
class Shared {
  readonly #target: Target;
  readonly #options: ClusterOptions;
  #cluster: Cluster | null = null;
  #client: PlainClient | null = null;

  constructor(target: Target, options: ClusterOptions) {
    this.#target = target;
    this.#options = options;
  }

  get cluster(): Cluster {
    if (this.#cluster === null) throw new Error("the cluster did not start");
    return this.#cluster;
  }

  get client(): PlainClient {
    if (this.#client === null) throw new Error("the cluster did not start");
    return this.#client;
  }

  get options(): ClusterOptions {
    return this.#options;
  }

  async start(): Promise<void> {
    this.#cluster = await this.#target.start(this.#options);
    this.#client = await PlainClient.connect(this.#cluster.address, OPERATION_MS);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    const pids = (await this.#cluster?.status(STATUS_MS))?.map(({ pid }) => pid) ?? [];
    await this.#cluster?.stop();
    expect(this.#cluster?.failures() ?? []).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
  }

  /** Writes until it is acknowledged: a refusal or a loss may come before. */
  async put(key: string, value: string): Promise<Outcome> {
    return until(`${key} is written`, WITHIN_MS, async () => {
      const outcome = await this.client.put(key, value);
      return outcome.kind === "ok" ? outcome : null;
    });
  }

  async get(key: string): Promise<Outcome> {
    return until(`${key} is read`, WITHIN_MS, async () => {
      const outcome = await this.client.get(key);
      return outcome.kind === "ok" ? outcome : null;
    });
  }

  statuses(): Promise<readonly NodeStatus[]> {
    return this.cluster.status(STATUS_MS);
  }

  /** Waits until one leads, other than `not`, and returns it. */
  leader(not = 0): Promise<number> {
    return until(`a leader other than ${not}`, WITHIN_MS, async () => {
      const leader = leaderOf(await this.statuses());
      return leader === 0 || leader === not ? null : leader;
    });
  }

  /** Lifts everything, and waits until all nodes answer and one leads. */
  async recover(): Promise<void> {
    await this.cluster.recover();
    await until("all nodes are back", WITHIN_MS, async () => {
      const roles = (await this.statuses()).map(({ role }) => role);
      const leads = roles.filter((role) => role === "leader").length === 1;
      return leads && roles.every((role) => role === "leader" || role === "follower");
    });
  }
}

function checkOperations(check: Check, target: Target, shared: Shared): void {
  check("a key's version is 0 when absent, then one more with each write", async () => {
    // A machine that is slow enough changes leaders by itself, and loses answers: then once more.
    let round = 0;
    const steps = await until("all operations are answered", WITHIN_MS, async () => {
      const outcomes = await operateOn(`versions ${++round}`, target, shared.client);
      const lost = Object.values(outcomes).some(({ kind }) => kind === "info" || kind === "fail");
      return lost ? null : outcomes;
    });
    const { absent, first, second, read, ...rest } = steps;
    expect(absent).toMatchObject({ kind: "ok", version: 0, value: "" });
    expect([first?.version, second?.version]).toEqual([1, 2]);
    expect(read).toMatchObject({ kind: "ok", version: 2, value: "b" });
    // Where the system tells a write's place in the order of all, later ones have later places.
    if (first!.index !== 0) expect(second!.index).toBeGreaterThan(first!.index);
    const { stale, expected, created, appended, deleted, gone, again } = rest;
    if (target.can["versioned-put"] === true) {
      expect(stale).toMatchObject({ kind: "mismatch", version: 2 });
      expect(expected).toMatchObject({ kind: "ok", version: 3 });
      expect(created).toMatchObject({ kind: "ok", version: 1 });
    }
    if (target.can.append === true) {
      expect(appended).toMatchObject({ kind: "ok", value: "c+" });
    }
    if (target.can.delete === true) {
      expect(deleted).toMatchObject({ kind: "ok", version: 0 });
      expect(gone).toMatchObject({ kind: "ok", version: 0 });
      expect(again).toMatchObject({ kind: "ok", version: 1 });
    }
  });

  if (target.can.scan !== true) return;
  check("a scan sees the keys within its bounds, no more than it asks for", async () => {
    let round = 0;
    const counts = await until("all scans are answered", WITHIN_MS, async () => {
      const prefix = `scanned ${++round}`;
      const writes = [];
      for (const key of ["a", "b", "c"]) writes.push(await shared.client.put(prefix + key, "v"));
      const scans = [
        await shared.client.scan(prefix, `${prefix}~`, 10),
        await shared.client.scan(`${prefix}b`, `${prefix}~`, 10),
        await shared.client.scan(prefix, `${prefix}~`, 2),
        await shared.client.scan(`${prefix}x`, `${prefix}~`, 10),
      ];
      const all = [...writes, ...scans].every(({ kind }) => kind === "ok");
      return all ? scans.map(({ version }) => version) : null;
    });
    expect(counts).toEqual([3, 2, 2, 0]);
  });
}

/** One operation after the other, by name; of those that the target can do. */
async function operateOn(
  key: string,
  target: Target,
  client: PlainClient,
): Promise<Readonly<Record<string, Outcome>>> {
  const outcomes: Record<string, Outcome> = {};
  outcomes["absent"] = await client.get(key);
  outcomes["first"] = await client.put(key, "a");
  outcomes["second"] = await client.put(key, "b");
  outcomes["read"] = await client.get(key);
  if (target.can["versioned-put"] === true) {
    outcomes["stale"] = await client.putIfVersion(key, "c", 1);
    outcomes["expected"] = await client.putIfVersion(key, "c", 2);
    outcomes["created"] = await client.putIfVersion(`${key}, created`, "d", 0);
  }
  if (target.can.append === true) {
    outcomes["append"] = await client.append(key, "+");
    outcomes["appended"] = await client.get(key);
  }
  if (target.can.delete === true) {
    outcomes["deleted"] = await client.delete(key);
    outcomes["gone"] = await client.get(key);
    outcomes["again"] = await client.put(key, "e");
  }
  return outcomes;
}

function checkFaults(check: Check, target: Target, shared: Shared, nodes: number): void {
  check("a crash of all nodes takes nothing that was acknowledged", async () => {
    const written = await shared.put("kept", "by the disks");
    const pids = (await shared.statuses()).map(({ pid }) => pid);
    const all = { kind: "all" } as const;
    const { nodes: hit } = await shared.cluster.fault({ kind: "crash", nodes: all });
    expect(hit).toEqual(shared.cluster.nodeIds);
    expect(pids.filter(isAlive)).toEqual([]);
    expect((await shared.statuses()).map(({ role }) => role)).toEqual(hit.map(() => "down"));
    await shared.cluster.fault({ kind: "restart", nodes: all });
    await shared.recover();
    const kept = await shared.get("kept");
    expect(kept.value).toBe("by the disks");
    expect(kept.version).toBeGreaterThanOrEqual(written.version);
  });

  check("a write to paused nodes is given up as unknown, or as surely not done", async () => {
    const before = await shared.put("paused", "before");
    const all = { kind: "all" } as const;
    const hurried = await PlainClient.connect(shared.cluster.address, GIVEN_UP_MS);
    try {
      await shared.cluster.fault({ kind: "pause", nodes: all });
      expect((await shared.statuses()).every(({ role }) => role === "paused")).toBe(true);
      const { kind } = await hurried.put("paused", "during");
      expect(["info", "fail"]).toContain(kind);
      expect(["info", "fail"]).toContain((await hurried.get("paused")).kind);
      await shared.cluster.fault({ kind: "resume", nodes: all });
      await shared.recover();
      const after = await shared.get("paused");
      const mayCount = kind === "info" ? ["before", "during"] : ["before"];
      expect(mayCount).toContain(after.value);
      expect(after.version).toBeGreaterThanOrEqual(before.version);
    } finally {
      hurried.close();
    }
  });

  if (target.can.partition !== true) return;
  check("a leader that is cut off is replaced, and follows once that is healed", async () => {
    const cut = { kind: "partition", shape: "halves", leaderIn: "minority" } as const;
    await shared.leader();
    const { nodes: minority } = await shared.cluster.fault(cut);
    expect(minority.length).toBe(Math.max(1, Math.floor((nodes - 1) / 2)));
    await until("somebody else leads", WITHIN_MS, async () => {
      const leader = leaderOf(await shared.statuses());
      return leader !== 0 && !minority.includes(leader);
    });
    // A log may be written a little later than its node answers.
    await until("the events tell so", WITHIN_MS, async () => {
      const events = await shared.cluster.events();
      const last = events.findLast(({ kind }) => kind === "becameLeader");
      return last !== undefined && !minority.includes(last.node);
    });
    await shared.cluster.fault({ kind: "heal" });
    await shared.recover();
    await shared.put("after the partition", "x");
  });
}

function checkLifecycle(check: Check, target: Target, shared: Shared, dir: string): void {
  check("two clusters at once share nothing; one that is stopped leaves no process", async () => {
    const other = await target.start({ ...shared.options, dir: join(dir, "other") });
    try {
      await shared.put("whose", "the first's");
      const client = await PlainClient.connect(other.address, OPERATION_MS);
      expect(await client.get("whose")).toMatchObject({ kind: "ok", version: 0 });
      client.close();
      const pids = (await other.status(STATUS_MS)).map(({ pid }) => pid);
      expect(pids.length).toBe(other.nodeIds.length);
      await other.fault({ kind: "pause", nodes: { kind: "node", id: 1 } });
      await Promise.all([other.stop(), other.stop()]);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(other.failures()).toEqual([]);
      expect((await shared.get("whose")).value).toBe("the first's");
    } finally {
      await other.stop();
    }
  });

  check("a directory that is in use is refused", async () => {
    await expect(target.start(shared.options)).rejects.toThrow(UserError);
  });

  check("it tells when nodes started and led, and how they stand", async () => {
    const events = await shared.cluster.events();
    const started = events.filter(({ kind }) => kind === "started").map(({ node }) => node);
    for (const id of shared.cluster.nodeIds) expect(started).toContain(id);
    expect(events.some(({ kind, term }) => kind === "becameLeader" && term > 0)).toBe(true);
    const times = events.map(({ atUs }) => atUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const starts = shared.cluster.starts();
    for (const { atUs, doneUs } of starts) expect(doneUs).toBeGreaterThan(atUs);
    const statuses = await shared.statuses();
    expect(statuses.map(({ id }) => id)).toEqual([...shared.cluster.nodeIds]);
    expect(statuses.every(({ pid }) => isAlive(pid))).toBe(true);
    expect(Object.values(target.can).every((can) => can === true || can.length > 0)).toBe(true);
  });
}
