import { expect, test } from "bun:test";
import { type Command, OP_OPEN_SESSION } from "../kv/command.ts";
import { CONTROLLER_GROUP, shardOf } from "../kv/shard-config.ts";
import { OP_FREEZE, type ShardState } from "../kv/shard-ops.ts";
import { put, get } from "../kv/testing/commands.ts";
import { type Answer, type Group, ShardWorld } from "../kv/testing/shard-world.ts";
import { Prng } from "../lib/prng.ts";
import { STATUS } from "../wire/errors.ts";
import { ShardAgent } from "./shard-agent.ts";

const NODES = [1, 2, 3];
const SHARDS = 6;
const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);

type Delivery = { readonly at: number; readonly run: () => void };

/** Three nodes, each with an agent; every group is on all of them, and one of them leads it. */
class Cluster {
  readonly world: ShardWorld;
  readonly prng: Prng;
  readonly agents: readonly ShardAgent[];
  readonly #leaders = new Map<number, number>();
  #queue: Delivery[] = [];
  now = 0;
  loss = 0;
  /** What had come of a shard when its old owner was asked to freeze it. */
  readonly hadAtFreeze: ShardState[] = [];

  constructor(seed: number, groups: number) {
    this.prng = new Prng(seed);
    this.world = new ShardWorld(SHARDS, groups);
    for (const { id } of this.world.groups) this.elect(id, this.prng.pick(NODES));
    this.agents = NODES.map(
      (node) =>
        new ShardAgent(
          {
            ...{ shards: SHARDS, nodeIds: NODES, prng: this.prng.fork(`agent ${node}`) },
            controller: this.world.machine,
            groups: () => this.world.groups.map((group) => this.#seenBy(node, group)),
          },
          (to, _lane, requestId, command, group) => {
            const copy = { ...command, value: command.value.slice() };
            this.#later(() => this.#serve(node, to, requestId, copy, group));
            return true;
          },
        ),
    );
  }

  elect(group: number, node: number): void {
    this.#leaders.set(group, node);
  }

  join(...ids: readonly number[]): void {
    this.world.change({ kind: "join", groups: ids.map((id) => ({ id, nodes: NODES })) });
  }

  /** Lets so much time go by. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      const next = Math.min(
        ...this.agents.map((agent) => agent.deadline()),
        ...this.#queue.map(({ at }) => at),
      );
      this.now = Math.min(end, Math.max(this.now, next));
      const due = this.#queue.filter(({ at }) => at <= this.now);
      this.#queue = this.#queue.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
      for (const agent of this.agents) if (this.now >= agent.deadline()) agent.tick(this.now);
    }
  }

  get isSettled(): boolean {
    const { num } = this.world.machine.config;
    return this.world.groups.every(({ machine }) => {
      const report = machine.report();
      const isQuiet = report.shards.every(({ state }) => state === "serving");
      return report.num === num && isQuiet && report.toDrop.length === 0;
    });
  }

  /** What the groups that serve the key say. */
  read(key: string): readonly string[] {
    return this.world.groups
      .map((group) => group.ask(get(key)))
      .filter(({ status }) => status !== STATUS.wrongShard.code)
      .map(({ value }) => new TextDecoder().decode(value));
  }

  #seenBy(node: number, group: Group) {
    const { id } = group;
    const leaders = this.#leaders;
    return {
      group: id,
      get machine() {
        return group.machine; // Another one after a restart.
      },
      get leads(): boolean {
        return leaders.get(id) === node;
      },
    };
  }

  #later(run: () => void): void {
    if (!this.prng.chance(this.loss)) this.#queue.push({ at: this.now + this.prng.below(4), run });
  }

  #serve(from: number, to: number, requestId: number, command: Command, group: number): void {
    const leader = this.#leaders.get(group) ?? 0;
    const answer =
      NODES[to] === leader ? this.#apply(command, group) : { status: STATUS.notLeader.code };
    const { status, version = 0, value = new Uint8Array(0) } = answer as Partial<Answer>;
    const response = {
      ...{ requestId, status: status!, leaderHint: leader, version, index: 0 },
      ...{ valueAt: 0, valueBytes: value.length },
    };
    this.#later(() => this.agents[from - 1]!.onResponse(to, response, value, this.now));
  }

  #apply(command: Command, group: number): Answer {
    expect(group).not.toBe(CONTROLLER_GROUP);
    if (Number(command.op) === OP_FREEZE) {
      const shard = new DataView(command.value.buffer).getUint32(command.value.byteOffset, true);
      this.hadAtFreeze.push(
        ...this.world.groups.flatMap(({ machine }) =>
          machine.report().shards.filter((s) => s.shard === shard && s.state === "arriving"),
        ),
      );
    }
    return this.world.group(group).ask(command);
  }
}

/** Group 2 has everything, and a value for each key. */
function filled(seed: number, groups: number): Cluster {
  const cluster = new Cluster(seed, groups);
  cluster.join(2);
  cluster.run(1000);
  for (const key of KEYS) cluster.world.group(2).ask(put(key, `${key} ${"x".repeat(500)}`));
  return cluster;
}

const allThere = (cluster: Cluster): void => {
  for (const key of KEYS) expect(cluster.read(key)).toEqual([`${key} ${"x".repeat(500)}`]);
};

test("agent: groups that join get their shards, with what is in them, and old owners drop theirs", () => {
  const cluster = filled(1, 3);
  cluster.join(3, 4);
  cluster.run(1000);
  expect(cluster.isSettled).toBe(true);
  const owned = cluster.world.groups.map(({ machine }) => machine.report().shards.length);
  expect(owned).toEqual([2, 2, 2]);
  allThere(cluster);
});

test("agent: a shard is served until its new owner has all that it held", () => {
  const cluster = filled(4, 2);
  cluster.join(3);
  cluster.run(1000);
  expect(cluster.isSettled).toBe(true);
  const bytes = (shard: number): number =>
    KEYS.filter((key) => shardOf(new TextEncoder().encode(key), SHARDS) === shard).length * 500;
  expect(cluster.hadAtFreeze.length).toBe(3);
  for (const had of cluster.hadAtFreeze) expect(had.bytes).toBeGreaterThan(bytes(had.shard));
});

test("agent: a group that is far behind takes every config on its way", () => {
  const cluster = filled(2, 3);
  cluster.elect(4, 0); // Nobody leads it.
  for (let i = 0; i < 10; i++) {
    cluster.join(3);
    cluster.world.change({ kind: "leave", groups: [3] });
  }
  cluster.run(5000);
  expect(cluster.world.group(4).machine.config.num).toBe(1);
  cluster.elect(4, 1);
  cluster.run(1000);
  expect(cluster.world.group(4).machine.config.num).toBe(21);
  expect(cluster.isSettled).toBe(true);
  allThere(cluster);
});

test("agent: shards wait for a group that is down, others go on being served, and it ends when it is back", () => {
  const cluster = filled(3, 3);
  cluster.elect(3, 0);
  cluster.join(3);
  cluster.join(4);
  cluster.run(3000);
  expect(cluster.isSettled).toBe(false);
  // What group 3 is to get stays at group 2, which serves it; group 4 gets from group 2 what it can.
  for (const key of KEYS) expect(cluster.read(key).length).toBeLessThanOrEqual(1);
  expect(KEYS.filter((key) => cluster.read(key).length === 1).length).toBeGreaterThan(20);
  cluster.elect(3, 2);
  cluster.run(3000);
  expect(cluster.isSettled).toBe(true);
  allThere(cluster);
});

test("agent: under losses, new leaders and restarts a migration ends, and nothing is lost", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const cluster = filled(seed, 4);
    const { prng, world } = cluster;
    cluster.loss = 0.15;
    for (let i = 0; i < 25; i++) {
      const id = 2 + prng.below(4);
      const draw = prng.below(4);
      if (draw === 0) cluster.join(id);
      else if (draw === 1) world.change({ kind: "leave", groups: [id] });
      else if (draw === 2) cluster.elect(id, prng.pick([0, ...NODES]));
      else world.group(id).restart(SHARDS, prng.u32(), 100);
      cluster.run(prng.below(300));
    }
    cluster.loss = 0;
    cluster.join(2);
    for (const { id } of world.groups) cluster.elect(id, prng.pick(NODES));
    cluster.run(20_000);
    expect({ seed, isSettled: cluster.isSettled }).toEqual({ seed, isSettled: true });
    allThere(cluster);
  }
});

test("agent: sessions stay with their shard wherever it goes", () => {
  const cluster = filled(7, 2);
  const { status, index: session } = cluster.world
    .group(2)
    .ask({ ...put("", ""), op: OP_OPEN_SESSION, key: new Uint8Array(0), expected: 0 });
  expect(status).toBe(STATUS.ok.code);
  cluster.world.change({ kind: "leave", groups: [2] });
  cluster.join(3);
  cluster.run(2000);
  const key = KEYS.find((k) => cluster.world.group(3).ask(get(k)).status === STATUS.ok.code)!;
  expect(cluster.world.group(3).ask({ ...put(key, "y"), session, seq: 1 }).status).not.toBe(
    STATUS.wrongShard.code,
  );
});
