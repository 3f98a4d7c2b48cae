import { expect, test } from "bun:test";
import { createStateMachine } from "../kv/sessions.ts";
import {
  type Command,
  commandBytes,
  FLAG_LOCAL,
  OP_GET,
  OP_PUT,
  writeCommand,
} from "../kv/command.ts";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { RAFT_DEFAULTS, type RaftConfig } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import type { Message } from "../raft/types.ts";
import { statusName } from "../wire/errors.ts";
import type { DurableWrite, Ports } from "./ports.ts";
import { Replica } from "./replica.ts";

const text = (s: string) => new TextEncoder().encode(s);
const NO_BYTES = new Uint8Array(0);
const put = (key: string, value: string): Partial<Command> => ({
  op: OP_PUT,
  key: text(key),
  value: text(value),
});
const get = (key: string, flags = 0): Partial<Command> => ({ op: OP_GET, key: text(key), flags });

/** Replicas whose messages and disk writes move only when told to. */
class World {
  now = 0;
  readonly network: Message[] = [];
  readonly disks = new Map<number, { write: DurableWrite; durable: (seq: number) => void }[]>();
  readonly replicas = new Map<number, Replica>();
  /** `<request id> <status> <value or version>` in the order of the replies. */
  readonly replies: string[] = [];
  /** What had been applied, and what waited to be written, whenever a replica was in a hurry. */
  readonly hurried: { id: number; isLeader: boolean; applied: number; writes: number }[] = [];
  autoPersist = true;
  /** How long an answer takes. */
  replyMs = 0;

  constructor(count: number, overrides: Partial<RaftConfig> = {}) {
    for (let id = 1; id <= count; id++) {
      const voters = Array.from({ length: count }, (_, i) => asNode(i + 1));
      const raft = createRaft(
        {
          ...RAFT_DEFAULTS,
          id: asNode(id),
          membership: { voters, votersOutgoing: [], learners: [] },
          restored: null,
          random: new Prng(id),
          ...overrides,
        },
        0,
      );
      this.disks.set(id, []);
      this.replicas.set(id, new Replica(raft, createStateMachine(), this.#ports(id)));
    }
  }

  replica(id: number): Replica {
    return this.replicas.get(id)!;
  }

  request(id: number, requestId: number, part: Partial<Command>): void {
    const command: Command = {
      op: OP_GET,
      flags: 0,
      session: 0,
      seq: 0,
      nonce: 0,
      expected: 0,
      key: NO_BYTES,
      value: NO_BYTES,
      ...part,
    };
    const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
    const view = new DataView(bytes.buffer);
    writeCommand(bytes, view, 0, command);
    this.replica(id).request(1, requestId, bytes, view, 0, bytes.length);
  }

  elect(id: number): void {
    this.now += 1_000;
    this.replica(id).input({ kind: "deadline" });
    this.replica(id).pump();
    this.deliver();
    expect(this.replica(id).soft.role).toBe("leader");
  }

  /** Delivers what is on the wire, and what follows from it, to all but the nodes `without`. */
  deliver(without: readonly number[] = []): void {
    for (let message = this.network.shift(); message; message = this.network.shift()) {
      if (without.includes(message.to) || without.includes(message.from)) continue;
      this.replica(message.to).input({ kind: "message", message });
      this.replica(message.to).pump();
    }
  }

  persist(id: number): void {
    const { write, durable } = this.disks.get(id)!.shift()!;
    durable(write.writeSeq);
  }

  #ports(id: number): Ports {
    return {
      now: () => this.now,
      send: (message) => this.network.push(message),
      persist: (write, durable) => this.disks.get(id)!.push({ write, durable }),
      reply: (_client, requestId, reply) => {
        this.now += this.replyMs;
        const value = new TextDecoder().decode(
          reply.valueIn.subarray(reply.valueAt, reply.valueAt + reply.valueBytes),
        );
        const hint = reply.leaderHint > 0 ? ` → ${reply.leaderHint}` : "";
        this.replies.push(`${requestId} ${statusName(reply.status)}${hint} ${value}`.trim());
      },
      onSoftState: () => {},
      hurry: (isLeader) => {
        const applied = this.replica(id).status().appliedIndex;
        this.hurried.push({ id, isLeader, applied, writes: this.disks.get(id)!.length });
      },
      flush: () => {
        while (this.autoPersist && this.disks.get(id)!.length > 0) this.persist(id);
      },
    };
  }
}

test("Replica: the requests of one turn are one batch, one write and one append a follower", () => {
  const world = new World(3);
  world.elect(1);
  world.autoPersist = false;
  for (let i = 1; i <= 100; i++) world.request(1, i, put(`k${i}`, `v${i}`));
  world.replica(1).pump();
  expect(world.disks.get(1)!.length).toBe(1);
  expect(world.disks.get(1)![0]!.write.batches.map((b) => b.count)).toEqual([100]);
  expect(world.network.map((m) => m.kind)).toEqual(["appendEntries", "appendEntries"]);
});

test("Replica: answers a put once a majority holds it durably, its own disk not needed", () => {
  const world = new World(3);
  world.elect(1);
  world.autoPersist = false;
  world.request(1, 7, put("k", "v"));
  world.replica(1).pump();
  world.deliver();
  expect(world.replies).toEqual([]);
  world.persist(2); // Its ack was held until now.
  world.deliver();
  expect(world.replies).toEqual([]); // One durable copy of three.
  world.persist(3);
  world.deliver();
  expect(world.replies).toEqual(["7 ok"]);
});

test("Replica: a follower's write may begin, and its messages leave, before it applies what is committed", () => {
  const world = new World(3);
  world.elect(1);
  world.request(1, 1, put("k", "1"));
  world.replica(1).pump();
  world.deliver();
  const applied = world.replica(2).status().appliedIndex;
  world.hurried.length = 0;
  // Its append tells, along with the next entry, that the entry before is committed.
  world.request(1, 2, put("k", "2"));
  world.replica(1).pump();
  world.deliver();
  const [first] = world.hurried.filter(({ id }) => id === 2);
  expect(first).toEqual({ id: 2, isLeader: false, applied, writes: 1 });
  expect(world.replica(2).status().appliedIndex).toBeGreaterThan(applied);
  expect(world.hurried.filter(({ id }) => id === 1).every(({ isLeader }) => isLeader)).toBeTrue();
});

test("Replica: a follower refuses, and names the leader", () => {
  const world = new World(3);
  world.elect(2);
  world.request(1, 1, put("k", "v"));
  world.request(1, 2, get("k"));
  expect(world.replies).toEqual(["1 notLeader → 2", "2 notLeader → 2"]);
});

test("Replica: a get waits for a round of heartbeats; a local get does not", () => {
  const world = new World(3);
  world.elect(1);
  world.request(1, 1, put("k", "v"));
  world.replica(1).pump();
  world.deliver();
  world.replies.length = 0;
  world.request(1, 2, get("k", FLAG_LOCAL));
  expect(world.replies).toEqual(["2 ok v"]);
  world.request(1, 3, get("k"));
  world.replica(1).pump();
  expect(world.replies).toEqual(["2 ok v"]);
  world.deliver();
  expect(world.replies).toEqual(["2 ok v", "3 ok v"]);
});

test("Replica: a deposed leader says leadershipLost to writers and notLeader to readers", () => {
  const world = new World(3);
  world.elect(1);
  world.request(1, 1, put("k", "lost"));
  world.request(1, 2, get("k"));
  world.replica(1).pump();
  world.deliver([1]); // Cut off: nobody hears of it.
  world.elect(2); // The request for a vote brings the news.
  expect(world.replies.sort()).toEqual(["1 leadershipLost", "2 notLeader"]);
});

test("Replica: a turn's commands and its reads, refused at once, are all answered", () => {
  const world = new World(3);
  world.elect(1);
  world.request(1, 1, put("k", "v"));
  world.request(1, 2, get("k"));
  const [from, to, term] = [asNode(2), asNode(1), asTerm(9)];
  const heard = { commitIndex: asIndex(0), readSeq: 1, quiesce: false, lease: false } as const;
  world
    .replica(1)
    .input({ kind: "message", message: { kind: "heartbeat", from, to, term, ...heard } });
  world.replica(1).pump();
  expect(world.replies.sort()).toEqual(["1 notLeader → 2", "2 notLeader → 2"]);
  expect(world.replica(1).unanswered).toBe(0);
});

test("Replica: an entry of another term at the same index answers nobody (lab RestartSubmit)", () => {
  const world = new World(3);
  world.elect(1);
  world.request(1, 1, put("k", "old"));
  world.replica(1).pump();
  world.deliver([1]);
  world.elect(2);
  world.request(2, 2, put("k", "new"));
  world.replica(2).pump();
  world.deliver();
  expect(world.replies.sort()).toEqual(["1 leadershipLost", "2 ok"]);
  expect(world.replica(1).unanswered + world.replica(2).unanswered).toBe(0);
});

test("Replica: what breaks a limit is refused before it reaches the log", () => {
  const world = new World(1);
  world.elect(1);
  const before = world.replica(1).status().lastIndex;
  world.request(1, 1, put("k".repeat(5_000), "v"));
  world.replica(1).pump();
  expect(world.replies).toEqual(["1 invalid"]);
  expect(world.replica(1).status().lastIndex).toBe(before);
});

test("Replica: beyond the bytes that may be uncommitted it is overloaded, and recovers", () => {
  const world = new World(3, { uncommittedBytesMax: 100 });
  world.elect(1);
  world.request(1, 1, put("k", "x".repeat(80)));
  world.replica(1).pump();
  world.request(1, 2, put("k", "y".repeat(80)));
  world.replica(1).pump();
  expect(world.replies).toEqual(["2 overloaded → 1"]);
  world.deliver();
  world.request(1, 3, put("k", "z"));
  world.replica(1).pump();
  world.deliver();
  expect(world.replies.slice(1)).toEqual(["1 ok", "3 ok"]);
});

test("Replica: a command that is refused does not take a read along that waits for its round", () => {
  const world = new World(3, { uncommittedBytesMax: 100 });
  world.elect(1);
  // The same number in the order of their kind.
  world.request(1, 1, put("k", "x".repeat(80)));
  world.replica(1).pump();
  world.deliver();
  world.request(1, 2, get("k"));
  world.replica(1).pump();
  world.deliver();
  world.request(1, 3, put("k", "y".repeat(80)));
  world.request(1, 4, get("k"));
  world.replica(1).pump();
  world.request(1, 5, get("k"));
  world.replica(1).pump();
  world.request(1, 6, put("k", "z".repeat(80)));
  world.replica(1).pump();
  expect(world.replies.slice(2)).toEqual(["6 overloaded → 1"]);
  world.deliver();
  const answers = world.replies.slice(3).map((reply) => reply.split(" ").slice(0, 2).join(" "));
  expect(answers.sort()).toEqual(["3 ok", "4 ok", "5 ok"]);
  expect(world.replica(1).unanswered).toBe(0);
});

test("Replica: many reads are served in stretches, in order, and it asks to go on", () => {
  const world = new World(1);
  world.elect(1);
  const replica = world.replica(1);
  world.replyMs = 1;
  for (let i = 1; i <= 500; i++) world.request(1, i, get("k"));
  const before = world.now;
  replica.pump();
  const served = [world.replies.length];
  expect(world.now - before).toBeLessThan(100);
  while (replica.deadline() <= world.now) {
    const from = world.now;
    replica.input({ kind: "deadline" });
    replica.pump();
    expect(world.now - from).toBeLessThan(150);
    served.push(world.replies.length);
    if (served.length === 3) world.request(1, 501, get("k"));
  }
  expect(served.length).toBeGreaterThan(3);
  expect(world.replies).toEqual(Array.from({ length: 501 }, (_, i) => `${i + 1} notFound`));
  expect(replica.unanswered).toBe(0);
});

test("Replica: behind a queue that is old and long requests are overloaded, and no longer once it is answered", () => {
  const world = new World(3);
  world.elect(1);
  const replica = world.replica(1);
  for (let i = 1; i <= 300; i++) world.request(1, i, put("k", "v"));
  replica.pump();
  world.now += 300;
  replica.input({ kind: "deadline" });
  replica.pump();
  world.request(1, 301, put("k", "v"));
  world.request(1, 302, get("k"));
  expect(world.replies).toEqual(["301 overloaded", "302 overloaded"]);
  world.request(1, 303, get("k", FLAG_LOCAL));
  expect(world.replies.slice(2)).toEqual(["303 notFound"]);
  expect(replica.unanswered).toBe(300);
  world.deliver();
  replica.pump();
  expect(world.replies.length).toBe(303);
  world.request(1, 305, put("k", "w"));
  replica.pump();
  world.deliver();
  expect(world.replies.at(-1)).toBe("305 ok");
});

test("Replica: a command larger than a chunk, and a turn of many chunks, arrive whole", () => {
  const world = new World(3);
  world.elect(1);
  const big = "b".repeat(3 << 20);
  world.request(1, 1, put("small", "s"));
  world.request(1, 2, put("big", big));
  for (let i = 3; i < 40; i++) world.request(1, i, put(`k${i}`, "c".repeat(100_000)));
  world.replica(1).pump();
  world.deliver();
  expect(world.replies.length).toBe(39);
  world.replies.length = 0;
  world.now += 100;
  world.replica(1).input({ kind: "deadline" });
  world.replica(1).pump();
  world.deliver();
  for (const id of [1, 2, 3]) world.request(id, id, get("big", FLAG_LOCAL));
  expect(world.replies).toEqual([`1 ok ${big}`, `2 ok ${big}`, `3 ok ${big}`]);
});
