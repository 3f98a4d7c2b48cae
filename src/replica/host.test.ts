import { expect, test } from "bun:test";
import { encoded, get, put } from "../kv/testing/commands.ts";
import type { Command } from "../kv/command.ts";
import { createStateMachine } from "../kv/sessions.ts";
import { asGroup, asNode, type GroupId } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { RAFT_DEFAULTS } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import type { Message } from "../raft/types.ts";
import { statusName } from "../wire/errors.ts";
import { Host } from "./host.ts";
import { Replica } from "./replica.ts";

const NODES = [1, 2, 3];

type Reply = { readonly requestId: number; readonly status: string; readonly text: string };
type Life = {
  readonly flushes: number;
  readonly messages: number;
  /** Messages and replies that no flush has let out yet. */
  readonly unflushed: number;
};

/** Three hosts with the same groups; messages and disk writes take no time, deadlines do. */
class World {
  now = 0;
  readonly hosts = new Map<number, Host>();
  readonly replies: Reply[] = [];
  readonly #network: { readonly group: GroupId; readonly message: Message }[] = [];
  readonly #lives = new Map<number, { -readonly [K in keyof Life]: Life[K] }>();
  readonly #lateWrites: (() => void)[] = [];
  /** Writes become durable only in `finishWrites`. */
  writesAreSlow = false;
  /** Or become so within the flush that starts them, as a quick disk has it. */
  writesEndInFlush = false;
  #requestId = 0;

  constructor(groups: readonly number[]) {
    for (const node of NODES) {
      this.#lives.set(node, { flushes: 0, messages: 0, unflushed: 0 });
      const host = new Host({
        now: () => this.now,
        send: (group, message) => {
          this.#lives.get(node)!.messages++;
          this.#lives.get(node)!.unflushed++;
          this.#network.push({ group, message });
        },
        persist: (_group, write, durable) => {
          if (this.writesAreSlow || this.writesEndInFlush)
            this.#lateWrites.push(() => durable(write.writeSeq));
          else durable(write.writeSeq);
        },
        reply: (_group, _client, requestId, { status, valueIn, valueAt, valueBytes }) => {
          this.#lives.get(node)!.unflushed++;
          const value = valueIn.subarray(valueAt, valueAt + valueBytes);
          const text = new TextDecoder().decode(value);
          this.replies.push({ requestId, status: statusName(status)!, text });
        },
        onSoftState: () => {},
        flush: () => {
          this.#lives.get(node)!.flushes++;
          this.#lives.get(node)!.unflushed = 0;
          if (this.writesEndInFlush) this.finishWrites();
        },
      });
      this.hosts.set(node, host);
      for (const group of groups) this.add(node, group);
    }
  }

  add(node: number, group: number): void {
    const config = {
      ...RAFT_DEFAULTS,
      id: asNode(node),
      membership: { voters: NODES.map(asNode), votersOutgoing: [], learners: [] },
      restored: null,
      random: new Prng(node * 1000 + group),
    };
    this.hosts
      .get(node)!
      .add(
        asGroup(group),
        (ports) => new Replica(createRaft(config, this.now), createStateMachine(), ports),
      );
  }

  life(node: number): Life {
    return { ...this.#lives.get(node)! };
  }

  settle(): void {
    for (const host of this.hosts.values()) host.pump();
    for (let next = this.#network.shift(); next !== undefined; next = this.#network.shift()) {
      const host = this.hosts.get(next.message.to)!;
      host.input(next.group, { kind: "message", message: next.message });
      host.pump();
    }
  }

  run(ms: number): void {
    this.settle();
    for (const end = this.now + ms; ;) {
      const next = Math.min(...[...this.hosts.values()].map((host) => host.deadline()));
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = Math.max(this.now, next);
      for (const host of this.hosts.values()) if (host.deadline() <= this.now) host.onDeadline();
      this.settle();
    }
  }

  finishWrites(): void {
    for (const finish of this.#lateWrites.splice(0)) finish();
  }

  leaderOf(group: number): number {
    const leads = (node: number) => this.hosts.get(node)!.replica(group)?.soft.role === "leader";
    return NODES.find(leads) ?? 0;
  }

  request(node: number, group: number, c: Command): number {
    const { bytes, view, at, end } = encoded(c);
    this.hosts.get(node)!.request(group, 1, ++this.#requestId, bytes, view, at, end);
    return this.#requestId;
  }

  /** What the leader of the group answers. */
  ask(group: number, c: Command): Reply | undefined {
    const requestId = this.request(this.leaderOf(group), group, c);
    this.settle();
    return this.replies.find((reply) => reply.requestId === requestId);
  }
}

test("host: every group elects a leader of its own, and has a state of its own", () => {
  const groups = Array.from({ length: 20 }, (_, i) => i + 1);
  const world = new World(groups);
  world.run(2_000);
  expect(groups.every((group) => world.leaderOf(group) !== 0)).toBe(true);
  expect(new Set(groups.map((group) => world.leaderOf(group))).size).toBe(NODES.length);
  for (const group of groups) expect(world.ask(group, put("k", `of ${group}`))?.status).toBe("ok");
  for (const group of groups) expect(world.ask(group, get("k"))?.text).toBe(`of ${group}`);
});

test("host: a group that it has not is noGroup; one that comes later is served from then on", () => {
  const world = new World([1]);
  world.run(1_000);
  world.request(1, 7, get("k"));
  expect(world.replies.map(({ status }) => status)).toEqual(["noGroup"]);
  for (const node of NODES) world.add(node, 7);
  world.run(1_000);
  expect(world.ask(7, put("k", "v"))?.status).toBe("ok");
  expect(() => world.add(1, 7)).toThrow(/group 7 is hosted already/);
});

test("host: all groups of a pump flush once, whatever number of them had something to do", () => {
  const groups = Array.from({ length: 20 }, (_, i) => i + 1);
  const world = new World(groups);
  world.run(2_000);
  const node = world.leaderOf(1);
  const led = groups.filter((group) => world.leaderOf(group) === node);
  expect(led.length).toBeGreaterThan(1);
  for (const group of led) world.request(node, group, put("k", "v"));
  const before = world.life(node);
  world.hosts.get(node)!.pump();
  const after = world.life(node);
  // Once more where writes that became durable within the flush had a follow-up.
  expect(after.flushes - before.flushes).toBeLessThanOrEqual(2);
  expect(after.messages - before.messages).toBeGreaterThanOrEqual(2 * led.length);
});

test("host: a write that becomes durable outside of a pump is followed up and flushed at once", () => {
  const world = new World([1, 2]);
  world.run(2_000);
  world.writesAreSlow = true;
  const requestId = world.request(world.leaderOf(2), 2, put("k", "v"));
  world.settle();
  expect(world.replies.some((reply) => reply.requestId === requestId)).toBe(false);
  const before = world.life(world.leaderOf(2)).flushes;
  world.finishWrites();
  world.settle();
  world.finishWrites();
  world.settle();
  expect(world.life(world.leaderOf(2)).flushes).toBeGreaterThan(before);
  expect(world.replies.find((reply) => reply.requestId === requestId)?.status).toBe("ok");
});

test("host: what follows a write that became durable within the flush leaves in the same pump", () => {
  const world = new World([1, 2]);
  world.run(2_000);
  world.writesEndInFlush = true;
  for (const group of [1, 2]) {
    const node = world.leaderOf(group);
    const requestId = world.request(node, group, put("k", "v"));
    world.settle();
    expect(world.replies.find((reply) => reply.requestId === requestId)?.status).toBe("ok");
    expect(NODES.map((id) => world.life(id).unflushed)).toEqual([0, 0, 0]);
  }
});

test("host: writes of many groups that become durable together are followed up in one flush", () => {
  const groups = Array.from({ length: 10 }, (_, i) => i + 1);
  const world = new World(groups);
  world.run(2_000);
  const node = world.leaderOf(1);
  const host = world.hosts.get(node)!;
  const led = groups.filter((group) => world.leaderOf(group) === node);
  expect(led.length).toBeGreaterThan(1);
  world.writesAreSlow = true;
  for (const group of led) world.request(node, group, put("k", "v"));
  world.settle();
  const before = world.life(node);
  host.together(() => world.finishWrites());
  const after = world.life(node);
  expect([after.flushes - before.flushes, after.unflushed]).toEqual([1, 0]);
  world.writesAreSlow = false;
  world.run(1_000);
  for (const group of led) expect(world.ask(group, get("k"))?.text).toBe("v");
});

test("host: a message for a group that is not there is lost, not an error", () => {
  const world = new World([1]);
  world.run(1_000);
  world.hosts.get(1)!.input(9, { kind: "deadline" });
  world.hosts.get(1)!.pump();
  expect(world.hosts.get(1)!.with(9, () => {})).toBe(false);
  expect(world.ask(1, put("k", "v"))?.status).toBe("ok");
});

test("host: is due when the first of its groups is, though heartbeats have moved that along", () => {
  const world = new World([1, 2]);
  for (let ms = 0; ms < 2_000; ms += 70) {
    world.run(70);
    for (const host of world.hosts.values()) {
      const due = [1, 2].map((group) => host.replica(group)!.deadline());
      expect(host.deadline()).toBe(Math.min(...due));
    }
  }
});
