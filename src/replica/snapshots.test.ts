import { expect, test } from "bun:test";
import {
  type Command,
  commandBytes,
  OP_APPEND,
  OP_OPEN_SESSION,
  writeCommand,
} from "../kv/command.ts";
import { createStateMachine, type SessionedStore } from "../kv/sessions.ts";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { RAFT_DEFAULTS } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import type { Message } from "../raft/types.ts";
import { diskError } from "../storage/disk-error.ts";
import { MemorySnapshots } from "../storage/memory-snapshots.ts";
import type { AdminOutcome, SnapshotEvent } from "./ports.ts";
import { Replica } from "./replica.ts";

const VOTERS = [1, 2, 3].map(asNode);

/** Three replicas that take snapshots often; messages and background work move only when told to. */
class World {
  now = 0;
  readonly network: Message[] = [];
  readonly background: (() => void)[] = [];
  readonly replicas = new Map<number, Replica>();
  readonly machines = new Map<number, SessionedStore>();
  readonly storages = new Map<number, MemorySnapshots>();
  readonly events: string[] = [];
  /** What becomes of a message on its way; null: it is lost. */
  meddle: (message: Message) => Message | null = (message) => message;
  #requestId = 0;

  constructor(snapshotEveryBytes: number) {
    for (const id of VOTERS) {
      const identity = { clusterId: "test", nodeId: id };
      const storage = new MemorySnapshots(identity, (work) => void this.background.push(work));
      const machine = createStateMachine(8);
      const raft = createRaft(
        {
          ...RAFT_DEFAULTS,
          id,
          membership: { voters: VOTERS, votersOutgoing: [], learners: [] },
          restored: null,
          trailingBytes: 0,
          snapshotChunkBytes: 300,
          snapshotInflightBytesMax: 900,
          random: new Prng(id),
        },
        0,
      );
      const ports = {
        now: () => this.now,
        send: (message: Message) => void this.network.push(message),
        persist: (write: { writeSeq: number }, durable: (seq: number) => void) =>
          durable(write.writeSeq),
        reply: () => {},
        onSoftState: () => {},
        flush: () => {},
      };
      const onSnapshot = ({ kind, lastIndex }: SnapshotEvent): void =>
        void this.events.push(`${id} ${kind} ${lastIndex}`);
      const onSnapshotFailed = ({ message }: Error, inARow: number): void =>
        void this.events.push(`${id} failed ${inARow} ${message}`);
      const told = { onSnapshot, onSnapshotFailed };
      const options = { snapshots: storage, snapshotEveryBytes, leaseReads: false, ...told };
      this.machines.set(id, machine);
      this.storages.set(id, storage);
      this.replicas.set(id, new Replica(raft, machine, ports, options));
    }
    this.tick(1_000, 1);
  }

  replica(id: number): Replica {
    return this.replicas.get(id)!;
  }

  digest(id: number): string {
    return this.machines.get(id)!.digest();
  }

  /** Time passes on node `id`, and all that follows happens. */
  tick(ms: number, id: number, without: readonly number[] = []): void {
    this.now += ms;
    this.replica(id).input({ kind: "deadline" });
    this.replica(id).pump();
    this.run(without);
  }

  run(without: readonly number[] = []): void {
    for (;;) {
      const message = this.network.shift();
      if (message === undefined) {
        const work = this.background.shift();
        if (work === undefined) return;
        work();
        continue;
      }
      if (without.includes(message.to) || without.includes(message.from)) continue;
      const arrives = this.meddle(message);
      if (arrives === null) continue;
      this.replica(arrives.to).input({ kind: "message", message: arrives });
      this.replica(arrives.to).pump();
    }
  }

  request(part: Partial<Command>, without: readonly number[] = []): void {
    const NOTHING = { flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 };
    const none = new Uint8Array(0);
    const command = { ...NOTHING, op: OP_APPEND, key: none, value: none, ...part } as Command;
    const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
    const view = new DataView(bytes.buffer);
    writeCommand(bytes, view, 0, command);
    this.replica(1).request(1, ++this.#requestId, bytes, view, 0, bytes.length);
    this.replica(1).pump();
    this.run(without);
  }

  append(count: number, without: readonly number[] = []): void {
    for (let i = 0; i < count; i++) {
      const key = new TextEncoder().encode(`key ${i % 40}`);
      this.request({ key, value: new Uint8Array(40).fill(i) }, without);
    }
  }

  /** Beats until node `id` has all that the leader has. */
  catchUp(id: number): void {
    const { lastIndex } = this.replica(1).status();
    for (let i = 0; this.replica(id).status().appliedIndex < lastIndex; i++) {
      expect(i, `node ${id} does not catch up: ${this.events.join(", ")}`).toBeLessThan(400);
      this.tick(RAFT_DEFAULTS.heartbeatIntervalMs, 1);
    }
  }
}

test("snapshots: are taken as the log grows, and the log before them goes", () => {
  const world = new World(4_000);
  world.append(200);
  const taken = world.events.filter((event) => event.startsWith("2 taken"));
  expect(taken.length).toBeGreaterThan(2);
  const { snapshotIndex, lastIndex } = world.replica(2).status();
  expect(snapshotIndex).toBeGreaterThan(lastIndex / 2);
  expect(world.storages.get(2)!.newest!.meta.membership.voters).toEqual(VOTERS);
});

test("snapshots: a follower that missed more than the log holds is sent the state, sessions too", () => {
  const world = new World(4_000);
  world.request({ op: OP_OPEN_SESSION }, [3]);
  const session = world.replica(1).status().lastIndex;
  world.request({ key: new Uint8Array(3), session, seq: 1 }, [3]);
  world.append(200, [3]);
  expect(world.digest(3)).not.toBe(world.digest(1));
  world.catchUp(3);
  expect(world.events.some((event) => event.startsWith("3 installed"))).toBe(true);
  expect(world.digest(3)).toBe(world.digest(1));
  expect(world.machines.get(3)!.sessionCount).toBe(1);
  world.append(100);
  world.catchUp(3);
  expect(world.digest(3)).toBe(world.digest(1));
});

test("snapshots: the old state is served until the whole new one is there", () => {
  const world = new World(4_000);
  world.append(10);
  world.catchUp(3);
  const before = world.digest(3);
  const whole = new Set([before]);
  for (let i = 0; i < 200; i++) {
    world.append(1, [3]);
    whole.add(world.digest(1));
  }
  const seen = new Set<string>();
  world.meddle = (message) => {
    seen.add(world.digest(3));
    return message;
  };
  world.catchUp(3);
  expect(world.events.filter((event) => event.startsWith("3 installed")).length).toBe(1);
  expect(seen.has(before)).toBe(true);
  expect([...seen].filter((state) => !whole.has(state))).toEqual([]);
});

test("snapshots: lost, doubled and reordered chunks end in the same state", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(4_000);
    const random = new Prng(seed);
    world.append(150, [3]);
    world.meddle = (message) => {
      if (random.chance(0.1)) world.network.push(message);
      if (random.chance(0.1)) {
        world.network.push(message);
        return null;
      }
      return random.chance(0.1) ? null : message;
    };
    world.catchUp(3);
    expect(world.digest(3), `seed ${seed}`).toBe(world.digest(1));
  }
});

test("snapshots: one that arrives damaged is refused, and the next attempt is installed", () => {
  const world = new World(4_000);
  world.append(200, [3]);
  let damaged = 0;
  world.meddle = (message) => {
    if (message.kind !== "installSnapshot" || message.offset < 600 || damaged > 0) return message;
    damaged++;
    const data = message.data.slice();
    data[10]! ^= 1;
    return { ...message, data };
  };
  world.catchUp(3);
  expect(damaged).toBe(1);
  expect(world.digest(3)).toBe(world.digest(1));
});

test("snapshots: one that cannot be written costs nothing, and is tried again as the log grows", () => {
  const world = new World(4_000);
  const storage = world.storages.get(2)!;
  const sound = storage.begin.bind(storage);
  const errors = [
    diskError("ENOSPC", "begin"),
    diskError("EIO", "write"),
    null,
    diskError("EIO", "finish"),
  ];
  storage.begin = (meta) => {
    const error = errors.shift() ?? null;
    if (error?.message.endsWith("begin") === true) throw error;
    const sink = sound(meta);
    if (error === null) return sink;
    const fail = (done: (error: Error | null) => void): void =>
      void world.background.push(() => done(error));
    const isWrite = error.message.endsWith("write");
    return { ...sink, ...(isWrite ? { write: (_, done) => fail(done) } : { finish: fail }) };
  };
  world.append(300);
  const told = world.events.filter((event) => event.startsWith("2 "));
  expect(told.map((event) => event.replace(/taken .*/, "taken")).slice(0, 5)).toEqual([
    "2 failed 1 ENOSPC: begin",
    "2 failed 2 EIO: write",
    "2 taken",
    "2 failed 1 EIO: finish",
    "2 taken",
  ]);
  world.catchUp(2);
  expect(world.digest(2)).toBe(world.digest(1));
});

test("admin: a snapshot, a transfer and a change of membership tell how they ended", () => {
  const world = new World(0);
  world.append(5);
  const outcomes: string[] = [];
  const note = (name: string) => (o: AdminOutcome) =>
    void outcomes.push(`${name} ${o.outcome} ${o.reason}`.trim());
  world.replica(1).takeSnapshot(note("snapshot"));
  world.run();
  world.replica(2).changeMembership([asNode(2)], [], note("follower"));
  world.replica(1).changeMembership([1, 2].map(asNode), [asNode(3)], note("change"));
  world.run();
  world.replica(1).transferLeadership(asNode(2), note("transfer"));
  world.run();
  expect(world.replica(2).soft.role).toBe("leader");
  expect(world.replica(2).status().membership.learners).toEqual([asNode(3)]);
  expect(outcomes.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "snapshot done",
    "follower refused",
    "change done",
    "transfer done",
  ]);
});
