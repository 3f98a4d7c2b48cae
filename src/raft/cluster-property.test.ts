import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { TestCluster } from "./testing/cluster.ts";

type Totals = { elections: number; committed: number; reads: number; crashes: number };

/** One random schedule: messages lost, doubled and overtaken, slow disks, partitions, crashes. */
function run(seed: number, totals: Totals): void {
  const random = new Prng(seed);
  const count = random.pick([1, 2, 3, 3, 4, 5, 5, 7]);
  const cluster = new TestCluster(count, seed, {
    appendBytesMax: random.pick([8, 64, 1 << 20]),
    inflightMessagesMax: random.pick([1, 2, 8]),
  });
  cluster.autoPersist = random.chance(0.2);
  // Each schedule draws its own mixture, so that rare combinations become common in some (swarm).
  const loss = random.pick([0, 0.05, 0.3]);
  const weights = {
    deliver: 12,
    persist: random.pick([1, 6]),
    deadline: random.pick([1, 3]),
    propose: random.pick([1, 3]),
    read: random.pick([0.3, 2]),
    crash: random.pick([0, 0.2, 1]),
    restart: random.pick([0.5, 2]),
    unreachable: 0.2,
    partition: random.pick([0, 0.3]),
  };
  const mustSee = new Map<number, number>();
  let cut = new Set<number>();
  let tag = 1;
  const actions: Record<keyof typeof weights, (id: number) => void> = {
    deliver() {
      if (cluster.network.length === 0) return;
      const position = random.chance(0.8) ? 0 : random.below(cluster.network.length);
      const { from, to } = cluster.network[position]!;
      if (cut.has(from) !== cut.has(to) || random.chance(loss)) {
        cluster.network.splice(position, 1);
        return;
      }
      if (random.chance(0.05)) cluster.network.push(cluster.network[position]!);
      cluster.deliver(position);
    },
    persist: (id) => cluster.persist(id),
    deadline: (id) => cluster.deadline(id),
    propose: (id) => cluster.propose(id, "x"),
    read(id) {
      mustSee.set(++tag, cluster.committedIndex);
      cluster.input(id, { kind: "readIndex", tag, lease: false });
    },
    crash(id) {
      totals.crashes++;
      cluster.crash(id);
    },
    restart: (id) => cluster.restart(id),
    unreachable: (id) =>
      cluster.input(id, { kind: "peerUnreachable", peer: asNode(1 + random.below(count)) }),
    partition() {
      cut = new Set(random.chance(0.4) ? [] : [1 + random.below(count), 1 + random.below(count)]);
    },
  };
  const names = Object.keys(weights) as (keyof typeof weights)[];
  const sum = names.reduce((total, name) => total + weights[name], 0);
  for (let i = 0; i < 500; i++) {
    cluster.now += random.float() * 4;
    let dice = random.float() * sum;
    const name = names.find((candidate) => (dice -= weights[candidate]) < 0) ?? "deliver";
    actions[name](1 + random.below(count));
    for (const { tag, index } of cluster.confirmedReads.splice(0)) {
      totals.reads++;
      // A read must see everything that was committed anywhere before it began (thesis §6.4).
      expect(index).toBeGreaterThanOrEqual(mustSee.get(tag)!);
    }
  }
  totals.committed += cluster.committedIndex;
  settle(cluster, count);
  totals.elections += [...cluster.nodes.values()][0]!.state.term;
}

/** Everything heals: all nodes agree on one log, all of it committed, in bounded time (liveness). */
function settle(cluster: TestCluster, count: number): void {
  for (let id = 1; id <= count; id++) cluster.restart(id);
  cluster.autoPersist = true;
  for (let id = 1; id <= count; id++)
    while (cluster.node(id).writes.length > 0) cluster.persist(id);
  for (let i = 0; i < 2_000; i++) {
    while (cluster.network.length > 0) cluster.deliver();
    const states = [...cluster.nodes.values()].map((node) => node.state);
    const leader = states.find((s) => s.role === "leader" && s.log.commitIndex === s.log.lastIndex);
    const { commitIndex = -1 } = leader?.log ?? {};
    if (states.every((s) => s.log.commitIndex === commitIndex && s.log.lastIndex === commitIndex)) {
      return;
    }
    const next = [...cluster.nodes.values()].sort((a, b) => a.raft.deadline() - b.raft.deadline());
    cluster.deadline(next[0]!.id);
  }
  throw new Error("did not settle");
}

test("raft: random schedules keep every invariant and settle when all heals", () => {
  const totals = { elections: 0, committed: 0, reads: 0, crashes: 0 };
  const seeds = Number(process.env["SEEDS"] ?? 2_000);
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      run(seed, totals);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).stack}`);
    }
  }
  // The schedules reached what they are for.
  expect(totals.elections).toBeGreaterThan(seeds);
  expect(totals.committed).toBeGreaterThan(seeds);
  expect(totals.reads).toBeGreaterThan(seeds / 10);
  expect(totals.crashes).toBeGreaterThan(seeds);
});
