import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { RaftState } from "./state.ts";
import { members } from "./quorum.ts";
import { TestCluster } from "./testing/cluster.ts";

type Totals = {
  elections: number;
  committed: number;
  reads: number;
  crashes: number;
  snapshots: number;
  installed: number;
  changes: number;
  transfers: number;
};

const DRIFT = 0.1;

/** A cluster that draws its own limits, so that each of them is often met. */
function drawCluster(seed: number, random: Prng): TestCluster {
  const count = random.pick([1, 2, 3, 3, 4, 5, 5]);
  const spares = random.pick([0, 1, 2, 3]);
  const cluster = new TestCluster(
    count,
    seed,
    {
      appendBytesMax: random.pick([8, 64, 1 << 20]),
      inflightMessagesMax: random.pick([1, 2, 8]),
      trailingBytes: random.pick([0, 16, 64]),
      snapshotChunkBytes: random.pick([1, 16, 64]),
      snapshotInflightBytesMax: random.pick([16, 64]),
      transferTimeoutMs: 300,
      diskStallMs: random.pick([100, 2_000]),
      clockDriftMax: DRIFT,
    },
    spares,
  );
  for (const node of cluster.nodes.values()) {
    // Two clocks whose rates differ by no more than the bound.
    node.rate = 1 + (random.float() - 0.5) * DRIFT;
  }
  cluster.autoPersist = random.chance(0.3);
  cluster.autoInstall = random.chance(0.3);
  return cluster;
}

/** One random schedule: messages lost, doubled and overtaken, slow disks, partitions, crashes. */
function run(seed: number, totals: Totals): void {
  const random = new Prng(seed);
  const cluster = drawCluster(seed, random);
  const count = cluster.nodes.size;
  // Each schedule draws its own mixture, so that rare combinations become common in some (swarm).
  const loss = random.pick([0, 0.05, 0.3]);
  const weights = {
    deliver: 12,
    calm: random.pick([0, 0.5]),
    persist: random.pick([1, 6]),
    deadline: random.pick([0.5, 1, 3]),
    propose: random.pick([1, 3]),
    read: random.pick([0.3, 2]),
    crash: random.pick([0, 0.2, 1]),
    restart: random.pick([0.5, 2]),
    unreachable: 0.2,
    lost: 0.2,
    partition: random.pick([0, 0.3]),
    snapshot: random.pick([0, 0.2, 1]),
    install: 1,
    change: random.pick([0, 0.3, 1]),
    transfer: random.pick([0, 0.2]),
  };
  const mustSee = new Map<number, number>();
  let cut = new Set<number>();
  let tag = 1;
  const leaderOr = (id: number) =>
    [...cluster.nodes.values()].find((n) => n.up && n.state.role === "leader" && random.chance(0.8))
      ?.id ?? id;
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
    // A while without trouble, so that what comes next meets a cluster that works.
    calm(id) {
      cluster.deadline(leaderOr(id));
      for (let n = 0; n < 100 && cluster.network.length > 0; n++) {
        const { to } = cluster.deliver();
        while (cluster.node(to).up && cluster.node(to).disk.writes.length > 0) cluster.persist(to);
      }
    },
    persist: (id) => cluster.persist(id),
    deadline: (id) => cluster.deadline(id),
    propose: (id) => cluster.propose(id, "x"),
    read(id) {
      mustSee.set(++tag, cluster.committedIndex);
      cluster.input(leaderOr(id), { kind: "readIndex", tag, lease: random.chance(0.7) });
    },
    crash(id) {
      totals.crashes++;
      cluster.crash(id);
    },
    restart: (id) => cluster.restart(id),
    unreachable: (id) =>
      cluster.input(id, { kind: "peerUnreachable", peer: asNode(1 + random.below(count)) }),
    lost: (id) => cluster.input(id, { kind: "peerLost", peer: asNode(1 + random.below(count)) }),
    partition() {
      cut = new Set(random.chance(0.4) ? [] : [1 + random.below(count), 1 + random.below(count)]);
    },
    snapshot: (id) => cluster.snapshot(id, random.pick([1, 2])),
    install: (id) => cluster.install(id, random.chance(0.9)),
    change(id) {
      const ids = random.shuffle(Array.from({ length: count }, (_, i) => asNode(i + 1)));
      const voters = ids.slice(0, 1 + random.below(count));
      const learners = ids.slice(voters.length).filter(() => random.chance(0.3));
      cluster.input(leaderOr(id), { kind: "changeMembership", tag: -1, voters, learners });
    },
    transfer(id) {
      const to = asNode(1 + random.below(count));
      cluster.input(leaderOr(id), { kind: "transferLeadership", tag: -2, to });
    },
  };
  const names = Object.keys(weights) as (keyof typeof weights)[];
  const sum = names.reduce((total, name) => total + weights[name], 0);
  const stepMs = random.pick([4, 4, 40]);
  for (let i = 0; i < 500; i++) {
    cluster.now += random.float() * stepMs;
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
  settle(cluster);
  for (const { tag, outcome } of cluster.outcomes) {
    if (outcome !== "done") continue;
    if (tag === -1) totals.changes++;
    else totals.transfers++;
  }
  let term = 0;
  for (const { state, disk } of cluster.nodes.values()) {
    totals.snapshots += disk.files.size;
    term = Math.max(term, state.term);
  }
  totals.elections += term;
  totals.installed += cluster.installed;
}

/**
 * Everything heals: a leader ends what change is under way, and all its members agree on one log,
 * all of it committed, in bounded time (liveness).
 */
function settle(cluster: TestCluster): void {
  const ids = [...cluster.nodes.keys()];
  for (const id of ids) cluster.restart(id);
  cluster.autoPersist = cluster.autoInstall = true;
  for (const id of ids) {
    while (cluster.node(id).disk.writes.length > 0) cluster.persist(id);
    cluster.install(id);
  }
  const start = cluster.now;
  for (let i = 0; i < 20_000; i++) {
    while (cluster.network.length > 0) cluster.deliver();
    const nodes = [...cluster.nodes.values()];
    if (nodes.some(({ state }) => isSettled(state, cluster))) return;
    const due = (node: (typeof nodes)[number]) => node.raft.deadline() / node.rate;
    cluster.deadline(nodes.sort((a, b) => due(a) - due(b))[0]!.id);
    if (cluster.now - start > 30_000) break;
  }
  const states = [...cluster.nodes.values()].map(({ raft }) => JSON.stringify(raft.status()));
  throw new Error(`did not settle: ${states.join("; ")}`);
}

function isSettled(leader: RaftState, cluster: TestCluster): boolean {
  const { commitIndex, lastIndex } = leader.log;
  if (leader.role !== "leader" || commitIndex !== lastIndex) return false;
  if (leader.change !== null || leader.membership.votersOutgoing.length > 0) return false;
  return members(leader.membership).every((id) => {
    const { log, installing } = cluster.node(id).state;
    return log.commitIndex === commitIndex && log.lastIndex === commitIndex && installing === null;
  });
}

test("raft: random schedules keep every invariant and settle when all heals", () => {
  const totals: Totals = {
    ...{ elections: 0, committed: 0, reads: 0, crashes: 0 },
    ...{ snapshots: 0, installed: 0, changes: 0, transfers: 0 },
  };
  const first = Number(process.env["SEED"] ?? 1);
  const seeds = Number(process.env["SEEDS"] ?? 2_000);
  for (let seed = first; seed < first + seeds; seed++) {
    try {
      run(seed, totals);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).stack}`);
    }
  }
  if (seeds < 1_000) return;
  // The schedules reached what they are for.
  const share = (count: number) => count / seeds;
  expect(share(totals.elections)).toBeGreaterThan(2);
  expect(share(totals.committed)).toBeGreaterThan(3);
  expect(share(totals.reads)).toBeGreaterThan(2);
  expect(share(totals.crashes)).toBeGreaterThan(4);
  expect(share(totals.snapshots)).toBeGreaterThan(0.5);
  expect(share(totals.installed)).toBeGreaterThan(0.08);
  expect(share(totals.changes)).toBeGreaterThan(0.3);
  expect(share(totals.transfers)).toBeGreaterThan(0.1);
}, 60_000);
