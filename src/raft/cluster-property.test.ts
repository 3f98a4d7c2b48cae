import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { TestCluster } from "./testing/cluster.ts";

type Totals = { elections: number; committed: number; reads: number; crashes: number };

/** One random schedule: messages lost, doubled and overtaken, slow disks, crashes at any point. */
function run(seed: number, totals: Totals): void {
  const random = new Prng(seed);
  const count = random.pick([1, 2, 3, 3, 4, 5, 5, 7]);
  const cluster = new TestCluster(count, seed, {
    appendBytesMax: random.pick([8, 64, 1 << 20]),
    inflightMessagesMax: random.pick([1, 2, 8]),
  });
  cluster.autoPersist = random.chance(0.3);
  const loss = random.pick([0, 0.05, 0.3]);
  const mustSee = new Map<number, number>();
  let tag = 1;
  for (let i = 0; i < 400; i++) {
    const id = 1 + random.below(count);
    cluster.now += random.float() * 4;
    const dice = random.float();
    if (dice < 0.55 && cluster.network.length > 0) {
      const position = random.chance(0.8) ? 0 : random.below(cluster.network.length);
      if (random.chance(loss)) cluster.network.splice(position, 1);
      else {
        if (random.chance(0.05)) cluster.network.push(cluster.network[position]!);
        cluster.deliver(position);
      }
    } else if (dice < 0.75) cluster.persist(id);
    else if (dice < 0.8) cluster.deadline(id);
    else if (dice < 0.94) cluster.propose(id, `${i}`);
    else if (dice < 0.97) {
      mustSee.set(++tag, cluster.committedIndex);
      cluster.input(id, { kind: "readIndex", tag });
    } else if (dice < 0.98) {
      totals.crashes++;
      cluster.crash(id);
    } else if (dice < 0.99) cluster.restart(id);
    else cluster.input(id, { kind: "peerUnreachable", peer: asNode(1 + random.below(count)) });
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
  const seeds = Number(process.env["SEEDS"] ?? 1_000);
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
