import { expect, test } from "bun:test";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../raft/types.ts";
import { NodeStorage } from "./node-storage.ts";
import { World } from "./world.ts";

const LOADER = { write: (): void => {}, finish: (): void => {} };
const DISK_MS = 2;

/** One node's storage, and short words for what happens to it. */
class Machine {
  readonly world = new World();
  readonly durable: number[] = [];
  fatal = 0;
  readonly storage: NodeStorage;
  #written = 0;

  constructor(seed = 1) {
    this.storage = new NodeStorage({
      ...{ world: this.world, node: 1, prng: new Prng(seed) },
      speed: { latencyMs: DISK_MS, jitterMs: 0 },
      ...{ segments: { first: 2048, max: 4096 }, syncNowBytesMax: 0 },
      run: (work) => work(),
      onFatal: () => {
        this.fatal++;
        throw new Error("the process ends");
      },
      ...{ onSnapshot: () => {}, onPoint: () => {} },
    });
  }

  /** Starts a process; returns the last index of the log that it finds. */
  start(): number {
    const { restored } = this.storage.open(() => LOADER);
    this.#written = restored?.batches.reduce((last, b) => last + b.count, 0) ?? 0;
    return this.#written;
  }

  /** Writes one more entry. */
  write(): void {
    const index = ++this.#written;
    const bytes = new Uint8Array([3, 0, 0, 0, 7, 7, 7]);
    const batch: EntryBatch = {
      ...{ firstIndex: asIndex(index), term: asTerm(1) },
      ...{ kind: ENTRY_COMMAND, count: 1, bytes },
    };
    const hardState = { term: asTerm(1), votedFor: asNode(1) };
    const write = { writeSeq: index, hardState, snapshot: null, batches: [batch] };
    this.storage.persist(write, () => this.durable.push(index));
    this.storage.commit();
  }

  /** Lets virtual time pass. */
  wait(ms: number): void {
    const until = this.world.now + ms;
    let over = false;
    this.world.at(until, 1, 0, () => (over = true));
    while (!over && this.world.step());
  }
}

test("node storage: what was called durable outlives power, and more only as far as it says", () => {
  for (const keeps of ["nothing", "prefix", "subset", "torn"] as PowerLossKeeps[]) {
    for (let seed = 1; seed <= 20; seed++) {
      const machine = new Machine(seed);
      machine.start();
      for (let i = 0; i < 60; i++) {
        machine.write();
        machine.wait(1.3);
      }
      machine.write();
      const durable = machine.durable.at(-1)!;
      machine.storage.losePower(keeps);
      const found = machine.start();
      expect(found, `${keeps}, seed ${seed}`).toBeGreaterThanOrEqual(durable);
      expect(found).toBeLessThanOrEqual(61);
      if (keeps === "nothing") expect(found).toBe(durable);
    }
  }
});

test("node storage: a killed process leaves what it wrote; once another has found it, it is durable", () => {
  const machine = new Machine();
  machine.start();
  machine.write();
  machine.storage.kill();
  expect(machine.start()).toBe(1);
  machine.wait(10 * DISK_MS);
  expect(machine.durable).toEqual([]);
  machine.storage.losePower("nothing");
  expect(machine.start()).toBe(1);
});

test("node storage: what a failed sync left in the cache is durable once a process has found it", () => {
  const machine = new Machine();
  machine.start();
  machine.storage.fail("sync");
  machine.write();
  expect(() => machine.wait(2 * DISK_MS)).toThrow("the process ends");
  machine.storage.kill();
  expect([machine.fatal, machine.durable]).toEqual([1, []]);
  expect(() => machine.start()).toThrow("EIO");
  machine.storage.kill();
  machine.storage.heal();
  expect(machine.start()).toBe(1);
  machine.storage.losePower("nothing");
  expect(machine.start()).toBe(1);
});

test("node storage: nothing ends during a stall, and all of it after", () => {
  const machine = new Machine();
  machine.start();
  machine.storage.stall(50);
  machine.write();
  machine.wait(49);
  expect(machine.durable).toEqual([]);
  machine.wait(1 + DISK_MS);
  expect(machine.durable).toEqual([1]);
});

test("node storage: a full disk takes no new file; a wiped one is empty and remembers that it was", () => {
  const machine = new Machine();
  machine.storage.fill();
  expect(() => machine.start()).toThrow("no space left");
  machine.storage.kill();
  machine.storage.heal();
  machine.start();
  machine.write();
  machine.wait(10);
  machine.storage.wipe();
  expect([machine.start(), machine.storage.wiped]).toEqual([0, true]);
});

test("node storage: flipped bits are refused, or what was durable is there", () => {
  let refused = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const machine = new Machine(seed);
    machine.start();
    for (let i = 0; i < 30; i++) {
      machine.write();
      machine.wait(2 * DISK_MS);
    }
    machine.storage.kill();
    machine.storage.flipBits(1);
    expect(machine.storage.flipped).toBe(true);
    try {
      expect(machine.start(), `seed ${seed}`).toBe(30);
    } catch (error) {
      expect(String(error), `seed ${seed}`).toContain("damaged data, not started");
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0);
});
