import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { TestCluster } from "./testing/cluster.ts";

const DRIFT = 0.3;
const IDS = [1, 2, 3];
const STEP_MS = 3;

/**
 * Three nodes in time: deadlines are met when they are due, clocks run at rates as different as the
 * bound allows, and each directed link has a delay of its own or is cut. Leaders are told to hand
 * over, nodes restart, and reads by lease are asked of everyone all the while.
 */
class Run {
  readonly #random: Prng;
  readonly #cluster: TestCluster;
  /** When each message of the network arrives. */
  readonly #arrivals: number[] = [];
  /** By `from * 10 + to`. */
  readonly #delays = new Map<number, number>();
  #tag = 0;
  reads = 0;

  constructor(seed: number) {
    this.#random = new Prng(seed);
    this.#cluster = new TestCluster(3, seed, {
      clockDriftMax: DRIFT,
      trailingBytes: 0,
      leaseReads: true,
    });
    for (const id of IDS) {
      this.#cluster.node(id).rate = 1 + this.#random.pick([-0.5, 0.5]) * DRIFT;
    }
  }

  get term(): number {
    return Math.max(...IDS.map((id) => this.#cluster.node(id).state.term));
  }

  play(untilMs: number): void {
    const cluster = this.#cluster;
    let disturbAt = 0;
    for (let now = 0; now < untilMs; now += STEP_MS) {
      cluster.now = now;
      if (now >= disturbAt) {
        this.#disturb();
        disturbAt = now + this.#random.float() * 600;
      }
      while (this.#deliver(now));
      for (const id of IDS) {
        const { raft, rate } = cluster.node(id);
        if (raft.deadline() <= now * rate) cluster.input(id, { kind: "deadline" });
        if (this.#random.chance(0.05)) cluster.propose(id, "x");
        if (this.#random.chance(0.01)) this.#break(id);
        this.#read(id);
      }
    }
  }

  /** Its connections break, though whoever is at their other end lives. */
  #break(id: number): void {
    for (const peer of IDS) this.#cluster.input(id, { kind: "peerLost", peer: asNode(peer) });
  }

  /** A read that is confirmed at once must see all that any leader has committed. */
  #read(id: number): void {
    const cluster = this.#cluster;
    const tag = ++this.#tag;
    cluster.input(id, { kind: "readIndex", tag, lease: true });
    const read = cluster.confirmedReads.find((confirmed) => confirmed.tag === tag);
    cluster.confirmedReads.length = 0;
    if (read === undefined) return;
    this.reads++;
    expect(read.index).toBeGreaterThanOrEqual(cluster.committedIndex);
  }

  /** Delivers one message that is due; a message may overtake those sent before it. */
  #deliver(now: number): boolean {
    const { network } = this.#cluster;
    while (this.#arrivals.length < network.length) {
      const position = this.#arrivals.length;
      const { from, to } = network[position]!;
      const delay = this.#delays.get(from * 10 + to)!;
      if (delay === Infinity) network.splice(position, 1);
      else this.#arrivals.push(now + delay);
    }
    const due = this.#arrivals.findIndex((at) => at <= now);
    if (due < 0) return false;
    this.#arrivals.splice(due, 1);
    this.#cluster.deliver(due);
    return true;
  }

  #disturb(): void {
    const random = this.#random;
    const cluster = this.#cluster;
    // One node's messages go missing, to one or both of the others; or links are slow.
    const mute = random.pick([0, 0, ...IDS]);
    const slow = random.chance(0.5) ? 250 : 1;
    for (const from of IDS) {
      for (const to of IDS) {
        const isCut = from === mute && random.chance(0.7);
        this.#delays.set(from * 10 + to, isCut ? Infinity : random.pick([1, 1, slow]));
      }
    }
    for (const id of IDS) cluster.snapshot(id, 1); // Short logs are quickly checked.
    if (random.chance(0.3)) {
      const id = random.pick(IDS);
      cluster.crash(id);
      cluster.restart(id);
    }
    if (random.chance(0.3)) {
      const to = asNode(random.pick(IDS));
      for (const id of IDS) cluster.input(id, { kind: "transferLeadership", tag: 1, to });
    }
  }
}

test("lease: a read is never stale, whatever clocks within the bound, delays and cuts do", () => {
  let reads = 0;
  let terms = 0;
  const seeds = Number(process.env["SEEDS"] ?? 120);
  for (let seed = 1; seed <= seeds; seed++) {
    const run = new Run(seed);
    try {
      run.play(3_000);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).stack}`);
    }
    reads += run.reads;
    terms += run.term;
  }
  expect(reads / seeds).toBeGreaterThan(100);
  expect(terms / seeds).toBeGreaterThan(3);
}, 60_000);
