import { expect, test } from "bun:test";
import { type Command, commandBytes, OP_APPEND, OP_GET, writeCommand } from "../kv/command.ts";
import { CONTROLLER_GROUP } from "../kv/shard-config.ts";
import { underWay } from "../kv/shards-under-way.ts";
import { ShardWorld } from "../kv/testing/shard-world.ts";
import { Prng } from "../lib/prng.ts";
import type { Response } from "../wire/client.ts";
import { STATUS } from "../wire/errors.ts";
import { DONE_OK } from "./ports.ts";
import { ShardRouter } from "./shard-router.ts";

const NODES = [1, 2, 3, 4];
const CLIENTS = 5;
const text = new TextEncoder();

type Sent = {
  readonly node: number;
  readonly requestId: number;
  readonly command: Command;
  readonly group: number;
};

/**
 * Controller and groups behind four nodes, and a router over a wire that loses and delays. Group g runs on
 * three of the nodes, and which of them leads changes.
 */
class Cluster {
  readonly world: ShardWorld;
  readonly router: ShardRouter;
  readonly prng: Prng;
  readonly sent: Sent[] = [];
  /** What each client's key must hold: its pieces that were answered. */
  readonly acknowledged: string[] = new Array<string>(CLIENTS).fill("");
  readonly refused: number[] = [];
  ended = 0;
  loss = 0;
  now = 0;
  #round = 0;

  constructor(seed: number, groups: number) {
    this.prng = new Prng(seed);
    this.world = new ShardWorld(6, groups);
    const options = {
      ...{ slots: CLIENTS, nodeIds: NODES, lanes: 1, timeoutMs: 60_000, attemptTimeoutMs: 50 },
      ...{ homeShare: 0, prng: this.prng.fork("clerk") },
    };
    this.router = new ShardRouter(6, options, {
      send: (node, _lane, requestId, command, group) => {
        const { key, value } = command;
        this.sent.push({
          ...{ node, requestId, group },
          command: { ...command, key: key.slice(), value: value.slice() },
        });
        return true;
      },
      onDone: (slot, done) => {
        this.ended++;
        if (done.outcome === DONE_OK) this.acknowledged[slot] += this.#piece(slot);
        else this.refused.push(done.status);
        this.#pieces[slot]!++;
      },
    });
  }

  readonly #pieces: number[] = new Array<number>(CLIENTS).fill(0);
  #piece(slot: number): string {
    return `${slot}.${this.#pieces[slot]},`;
  }

  key(slot: number): Uint8Array {
    return text.encode(`key ${slot}`);
  }

  append(slot: number): void {
    const value = text.encode(this.#piece(slot));
    this.router.start(slot, OP_APPEND, 0, 0, this.key(slot), value, this.now);
  }

  nodesOf(group: number): number[] {
    return NODES.filter((node) => node !== 1 + (group % NODES.length));
  }

  leaderOf(group: number): number {
    const nodes = group === CONTROLLER_GROUP ? NODES : this.nodesOf(group);
    return nodes[(group + this.#round) % nodes.length]!;
  }

  /** Another node of each group leads. */
  elect(): void {
    this.#round++;
  }

  join(group: number): void {
    this.world.change({ kind: "join", groups: [{ id: group, nodes: this.nodesOf(group) }] });
  }

  /** Answers one request, or lets time go on to what is due next. False: nothing will ever happen. */
  step(): boolean {
    const sent = this.sent.shift();
    if (sent !== undefined) {
      if (!this.prng.chance(this.loss)) this.#serve(sent);
      return true;
    }
    const next = this.router.deadline();
    if (next === Infinity) return false;
    this.now = Math.max(this.now, next);
    this.router.tick(this.now);
    return true;
  }

  #serve({ node, requestId, command, group }: Sent): void {
    const id = NODES[node]!;
    const isHere = group === CONTROLLER_GROUP || this.nodesOf(group).includes(id);
    const leader = this.leaderOf(group);
    if (!isHere) return this.#answer(node, requestId, STATUS.noGroup.code);
    if (leader !== id) return this.#answer(node, requestId, STATUS.notLeader.code, leader);
    if (group === CONTROLLER_GROUP) {
      const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
      const view = new DataView(bytes.buffer);
      const end = writeCommand(bytes, view, 0, command);
      this.world.machine.read(bytes, view, 0, end, 0);
      const { status, version, valueIn, valueAt, valueBytes } = this.world.machine.result;
      const value = valueIn.slice(valueAt, valueAt + valueBytes);
      return this.#answer(node, requestId, status, 0, version, 0, value);
    }
    const { status, version, index, value } = this.world.group(group).ask(command);
    if (this.prng.chance(this.loss)) return;
    this.#answer(node, requestId, status, 0, version, index, value);
  }

  #answer(
    node: number,
    requestId: number,
    status: number,
    leaderHint = 0,
    version = 0,
    index = 0,
    value: Uint8Array = new Uint8Array(0),
  ): void {
    const response: Response = {
      ...{ requestId, status, leaderHint, version, index },
      ...{ valueAt: 0, valueBytes: value.length },
    };
    this.router.onResponse(node, response, value, this.now);
  }

  /** What the one group that serves the key holds. */
  stored(slot: number): string {
    const get = { op: OP_GET, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 } as const;
    const command = { ...get, key: this.key(slot), value: new Uint8Array(0) };
    const answers = this.world.groups.map((group) => group.ask(command));
    const served = answers.filter(({ status }) => status !== STATUS.wrongShard.code);
    expect(served.length).toBe(1);
    return new TextDecoder().decode(served[0]!.value);
  }
}

function settle(cluster: Cluster): void {
  const { world, prng } = cluster;
  const said = () =>
    world.groups.map(({ id, machine }) => ({ group: id, report: machine.report() }));
  for (let i = 0; underWay(world.machine.config, said()).length > 0; i++) {
    if (i > 10_000) throw new Error("it does not settle");
    for (const group of world.groups) world.step(group, prng, 1000);
  }
}

function run(cluster: Cluster, untilEnded: number): void {
  for (let i = 0; cluster.ended < untilEnded; i++) {
    if (!cluster.step() || i > 100_000) throw new Error("it does not end");
  }
}

test("router: asks the controller first, then the group that owns the shard, and follows its leader", () => {
  const cluster = new Cluster(1, 2);
  cluster.join(2);
  cluster.join(3);
  settle(cluster);
  for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
  run(cluster, CLIENTS);
  expect(cluster.router.map.config).toEqual(cluster.world.machine.config);
  for (let slot = 0; slot < CLIENTS; slot++) expect(cluster.stored(slot)).toBe(`${slot}.0,`);
  cluster.elect();
  for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
  run(cluster, 2 * CLIENTS);
  for (let slot = 0; slot < CLIENTS; slot++)
    expect(cluster.stored(slot)).toBe(`${slot}.0,${slot}.1,`);
});

test("router: an operation waits while nobody owns its shard, and goes on when a group joins", () => {
  const cluster = new Cluster(2, 1);
  cluster.append(0);
  for (let i = 0; i < 200; i++) cluster.step();
  expect(cluster.ended).toBe(0);
  cluster.join(2);
  settle(cluster);
  run(cluster, 1);
  expect(cluster.stored(0)).toBe("0.0,");
});

test("router: a shard that is leaving is asked for where it is served, until that refuses it", () => {
  const cluster = new Cluster(4, 2);
  const { world, router } = cluster;
  cluster.join(2);
  settle(cluster);
  for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
  run(cluster, CLIENTS);
  cluster.join(3);
  for (const group of [2, 3]) world.group(group).adopt(world.machine.config);
  cluster.now += 1_000;
  for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
  run(cluster, 2 * CLIENTS);
  expect(router.map.config).toEqual(world.machine.config);
  const moving = router.map.config.shards.map((group) => group === 3);
  expect(moving).toContain(true);
  expect(moving.map((_, shard) => router.map.groupOf(shard))).toEqual(moving.map(() => 2));
  settle(cluster);
  for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
  run(cluster, 3 * CLIENTS);
  for (let slot = 0; slot < CLIENTS; slot++)
    expect(cluster.stored(slot)).toBe(`${slot}.0,${slot}.1,${slot}.2,`);
});

test("router: what finds no owner until its timeout has definitely not happened", () => {
  const cluster = new Cluster(3, 1);
  cluster.append(0);
  run(cluster, 1);
  expect(cluster.refused).toEqual([STATUS.timeout.code]);
});

test("router: under changes of the config, losses and elections each append is there once, in order", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const cluster = new Cluster(seed, 3);
    const { prng, world } = cluster;
    cluster.join(2);
    settle(cluster);
    cluster.loss = 0.1;
    const started = new Array<number>(CLIENTS).fill(0);
    for (let slot = 0; slot < CLIENTS; slot++) cluster.append(slot);
    let ended = 0;
    for (let i = 0; i < 3000; i++) {
      const draw = prng.below(100);
      if (draw < 1) cluster.join(2 + prng.below(3));
      else if (draw < 2) world.change({ kind: "leave", groups: [2 + prng.below(3)] });
      else if (draw < 3) {
        world.change({ kind: "move", shard: prng.below(6), group: 2 + prng.below(3) });
      } else if (draw < 4) cluster.elect();
      else if (draw < 40) world.step(prng.pick(world.groups), prng, 50);
      else cluster.step();
      if (cluster.ended === ended + CLIENTS) {
        ended = cluster.ended;
        for (let slot = 0; slot < CLIENTS; slot++) {
          started[slot]!++;
          cluster.append(slot);
        }
      }
    }
    cluster.loss = 0;
    cluster.join(2);
    settle(cluster);
    run(cluster, ended + CLIENTS);
    settle(cluster);
    expect({ seed, refused: cluster.refused }).toEqual({ seed, refused: [] });
    for (let slot = 0; slot < CLIENTS; slot++) {
      expect({ seed, value: cluster.stored(slot) }).toEqual({
        seed,
        value: cluster.acknowledged[slot]!,
      });
    }
  }
}, 60_000);
