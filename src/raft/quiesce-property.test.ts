import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { TestCluster } from "./testing/cluster.ts";

const STEP_MS = 5;
const TROUBLE_MS = 12_000;
/** Longer than any number of elections takes, and the idleness before a group sleeps. */
const SETTLE_MS = 8_000;

/**
 * A group that is used now and then, in time: links lose messages or are cut, nodes restart, leaders are told
 * to hand over, and whoever runs a node wakes it for no reason. TestCluster checks every step.
 */
class Run {
  readonly #random: Prng;
  readonly #cluster: TestCluster;
  readonly #ids: readonly number[];
  /** By `from * 10 + to`. */
  readonly #cut = new Set<number>();
  #loss = 0;
  #tag = 0;
  #asleep = false;
  sleeps = 0;
  reads = 0;

  constructor(seed: number) {
    this.#random = new Prng(seed);
    const count = this.#random.pick([1, 2, 3, 3, 5]);
    this.#ids = Array.from({ length: count }, (_, i) => i + 1);
    this.#cluster = new TestCluster(count, seed, {
      leaseReads: true,
      quiesce: true,
      clockDriftMax: 0.1,
    });
    for (const id of this.#ids) this.#cluster.node(id).rate = 1 + this.#random.pick([-0.05, 0.05]);
  }

  get term(): number {
    return Math.max(...this.#ids.map((id) => this.#cluster.node(id).state.term));
  }

  play(): void {
    let disturbAt = 0;
    let useAt = 0;
    for (let now = 0; now < TROUBLE_MS; now += STEP_MS) {
      this.#step(now);
      if (now >= useAt) {
        this.#use();
        useAt = now + this.#random.float() * 1_500;
      }
      if (now < disturbAt) continue;
      this.#disturb();
      disturbAt = now + this.#random.float() * 2_000;
    }
  }

  /** All heals. Whoever runs the nodes has noticed what was wrong, and wakes them once. */
  settle(): void {
    this.#cut.clear();
    this.#loss = 0;
    for (const id of this.#ids) {
      this.#cluster.restart(id);
      this.#cluster.input(id, { kind: "wake" });
    }
    const end = this.#cluster.now + SETTLE_MS;
    for (let { now } = this.#cluster; now < end; now += STEP_MS) this.#step(now);
    const states = this.#ids.map((id) => this.#cluster.node(id).state);
    const all = states.map((s) => `${s.role} ${s.term} ${s.log.commitIndex} ${s.quiescent}`);
    expect(all.filter((text) => !text.endsWith("true"))).toEqual([]);
    expect(new Set(states.map((s) => `${s.leaderId} ${s.term} ${s.log.commitIndex}`)).size).toBe(1);
  }

  #step(now: number): void {
    const cluster = this.#cluster;
    cluster.now = now;
    for (let left = cluster.network.length; left > 0; left--) {
      const { from, to } = cluster.network[0]!;
      if (this.#cut.has(from * 10 + to) || this.#random.chance(this.#loss)) cluster.network.shift();
      else cluster.deliver();
    }
    for (const id of this.#ids) {
      const { raft, rate } = cluster.node(id);
      if (raft.deadline() <= now * rate) cluster.input(id, { kind: "deadline" });
    }
    const sleeps = this.#ids.every((id) => cluster.node(id).state.quiescent);
    if (sleeps && !this.#asleep) this.sleeps++;
    this.#asleep = sleeps;
  }

  #use(): void {
    const cluster = this.#cluster;
    const id = this.#random.pick(this.#ids);
    if (this.#random.chance(0.5)) return cluster.propose(id, "x");
    const tag = ++this.#tag;
    cluster.input(id, { kind: "readIndex", tag, lease: true });
    // One that is confirmed at once, by a lease, must see all that any leader has committed.
    const read = cluster.confirmedReads.find((confirmed) => confirmed.tag === tag);
    cluster.confirmedReads.length = 0;
    if (read === undefined) return;
    this.reads++;
    expect(read.index).toBeGreaterThanOrEqual(cluster.committedIndex);
  }

  #disturb(): void {
    const random = this.#random;
    const cluster = this.#cluster;
    this.#cut.clear();
    this.#loss = random.pick([0, 0, 0, 0.2]);
    const mute = random.pick([0, 0, ...this.#ids]);
    for (const other of this.#ids) {
      if (random.chance(0.7)) this.#cut.add(mute * 10 + other);
      if (random.chance(0.7)) this.#cut.add(other * 10 + mute);
    }
    const id = random.pick(this.#ids);
    if (random.chance(0.3)) cluster.crash(id);
    for (const other of this.#ids) if (random.chance(0.7)) cluster.restart(other);
    if (random.chance(0.3)) cluster.input(random.pick(this.#ids), { kind: "wake" });
    if (random.chance(0.2)) {
      const to = asNode(random.pick(this.#ids));
      for (const from of this.#ids) cluster.input(from, { kind: "transferLeadership", tag: 1, to });
    }
  }
}

test("quiescence: whatever is lost and whoever wakes, all is safe, and a sound group falls asleep", () => {
  let sleeps = 0;
  let terms = 0;
  const first = Number(process.env["SEED"] ?? 1);
  const seeds = Number(process.env["SEEDS"] ?? 100);
  for (let seed = first; seed < first + seeds; seed++) {
    const run = new Run(seed);
    try {
      run.play();
      run.settle();
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).stack}`);
    }
    sleeps += run.sleeps;
    terms += run.term;
  }
  if (seeds < 100) return;
  // The schedules reached what they are for.
  expect(sleeps / seeds).toBeGreaterThan(3);
  expect(terms / seeds).toBeGreaterThan(2);
}, 60_000);
