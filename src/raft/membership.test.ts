import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { TestCluster } from "./testing/cluster.ts";

/** Three voters that node 1 leads, and nodes 4, … that are no members. */
function led(spares = 0): TestCluster {
  const cluster = new TestCluster(3, 1, {}, spares);
  cluster.deadline(1);
  quiet(cluster);
  expect(cluster.node(1).state.role).toBe("leader");
  return cluster;
}

function quiet(cluster: TestCluster): void {
  while (cluster.network.length > 0) cluster.deliver();
}

function change(cluster: TestCluster, voters: number[], learners: number[] = [], tag = 1): void {
  const [v, l] = [voters.map(asNode), learners.map(asNode)];
  cluster.input(1, { kind: "changeMembership", tag, voters: v, learners: l });
}

const lastOutcome = ({ outcomes }: TestCluster) => {
  const last = outcomes.at(-1);
  return last === undefined ? "none" : `${last.outcome} ${last.reason}`.trimEnd();
};

/** Heartbeats of the leader, with all that follows, for so long. */
function run(cluster: TestCluster, ms: number): void {
  for (const end = cluster.now + ms; cluster.now < end; quiet(cluster)) cluster.deadline(1);
}

test("membership: learners alone need no joint phase", () => {
  const cluster = led(1);
  change(cluster, [1, 2, 3], [4]);
  quiet(cluster);
  expect(lastOutcome(cluster)).toBe("done");
  expect(cluster.node(4).state.membership).toMatchObject({ voters: [1, 2, 3], learners: [4] });
  expect(cluster.node(1).state.memberships.map((m) => m.membership.votersOutgoing)).toEqual([
    [],
    [],
  ]);
});

test("membership: a learner counts for nothing", () => {
  const cluster = led(1);
  change(cluster, [1, 2, 3], [4]);
  quiet(cluster);
  cluster.crash(2);
  cluster.crash(3);
  const { commitIndex } = cluster.node(1).state.log;
  cluster.propose(1, "x");
  quiet(cluster);
  expect(cluster.node(4).state.log.lastIndex).toBe(cluster.node(1).state.log.lastIndex);
  expect(cluster.node(1).state.log.commitIndex).toBe(commitIndex);
  // Nor does it campaign, before and after a restart (openraft 39690593).
  cluster.deadline(4);
  expect(cluster.node(4).state.role).toBe("follower");
  cluster.crash(4);
  cluster.restart(4);
  cluster.deadline(4);
  expect(cluster.node(4).state.role).toBe("follower");
});

test("membership: a voter can become a learner, and a learner a voter, in one change", () => {
  const cluster = led(1);
  change(cluster, [1, 2, 3], [4]);
  quiet(cluster);
  change(cluster, [1, 2, 4], [3]);
  quiet(cluster);
  expect(lastOutcome(cluster)).toBe("done");
  expect(cluster.node(3).state.membership).toEqual({
    voters: [1, 2, 4].map(asNode),
    votersOutgoing: [],
    learners: [asNode(3)],
  });
});

test("membership: a node that never answers is given up, and nothing is left of it", () => {
  const cluster = led(1);
  cluster.crash(4);
  change(cluster, [1, 2, 3, 4]);
  run(cluster, 3_000);
  expect(lastOutcome(cluster)).toBe("none");
  run(cluster, 2_000);
  expect(lastOutcome(cluster)).toBe("failed node 4 does not answer");
  expect(cluster.node(1).state.membership).toMatchObject({ voters: [1, 2, 3], learners: [] });
  change(cluster, [1, 2]);
  run(cluster, 200);
  expect(lastOutcome(cluster)).toBe("done");
});

test("membership: a new voter votes only when it got all there was within an election timeout", () => {
  const cluster = led(1);
  for (let i = 0; i < 50; i++) cluster.propose(1, "entry");
  quiet(cluster);
  change(cluster, [1, 2, 3, 4]);
  // Its first answers take longer than an election timeout: that round does not count.
  const held = cluster.network.splice(0);
  cluster.now += 250;
  cluster.network.push(...held);
  while (cluster.node(1).state.progress.get(asNode(4))!.matchIndex < 50) cluster.deliver();
  expect(cluster.node(1).state.membership.learners).toEqual([asNode(4)]);
  quiet(cluster);
  run(cluster, 100);
  expect(lastOutcome(cluster)).toBe("done");
});

test("membership: a change says why it cannot start", () => {
  const cluster = led(1);
  const refused = (voters: number[], learners: number[] = []) => {
    change(cluster, voters, learners);
    return lastOutcome(cluster).replace("refused ", "");
  };
  expect(refused([])).toBe("there would be no voter");
  expect(refused([1, 2, 2])).toBe("node 2 is named twice");
  expect(refused([1, 2], [1])).toBe("node 1 is named twice");
  cluster.input(1, { kind: "transferLeadership", tag: 2, to: asNode(2) });
  expect(refused([1, 2])).toBe("leadership is being transferred");
  quiet(cluster);
  expect(refused([1, 2])).toBe("not the leader");
});

test("membership: one change at a time, until its last entry is committed", () => {
  const cluster = led();
  change(cluster, [1, 2]);
  change(cluster, [1, 3], [], 2);
  expect(lastOutcome(cluster)).toBe("refused another change of membership is under way");
  while (cluster.node(1).state.membership.votersOutgoing.length > 0) cluster.deliver();
  change(cluster, [1, 3], [], 3);
  expect(cluster.outcomes.at(-1)).toMatchObject({ tag: 3, outcome: "refused" });
  quiet(cluster);
  expect(cluster.outcomes.at(-1)).toMatchObject({ tag: 1, outcome: "done" });
});

test("membership: one change at a time, also while new voters catch up", () => {
  const cluster = led(1);
  cluster.crash(4);
  change(cluster, [1, 2, 3, 4]);
  run(cluster, 100);
  change(cluster, [1, 2], [], 2);
  expect(cluster.outcomes).toMatchObject([{ tag: 2, outcome: "refused" }]);
});

test("membership: a follower that was removed hears of the commit, then nothing more", () => {
  const cluster = led();
  change(cluster, [1, 2]);
  run(cluster, 300);
  const { log, membership } = cluster.node(3).state;
  expect(membership.voters).toEqual([1, 2].map(asNode));
  expect(log.commitIndex).toBe(cluster.node(1).state.log.commitIndex);
  run(cluster, 300);
  expect([...cluster.node(1).state.progress.keys()]).toEqual([asNode(2)]);
});

test("membership: the membership of a snapshot is the one of its last index, not the newest", () => {
  const cluster = led();
  const meta = cluster.node(1).raft.appliedMeta();
  cluster.crash(2);
  cluster.crash(3);
  change(cluster, [1, 2]);
  expect(cluster.node(1).state.membership.votersOutgoing).not.toEqual([]);
  expect(cluster.node(1).raft.appliedMeta()).toEqual(meta);
  cluster.snapshot(1);
  expect(cluster.node(1).state.snapshot!.membership).toEqual(meta.membership);
  cluster.crash(1);
  cluster.restart(1);
  // The joint entry follows the snapshot, and is in use again.
  expect(cluster.node(1).state.membership.votersOutgoing).not.toEqual([]);
});

test("membership: one in the log that was cut off is in use no more", () => {
  const cluster = led();
  cluster.crash(2);
  cluster.crash(3);
  change(cluster, [1, 2]);
  cluster.crash(1);
  cluster.network.length = 0;
  cluster.restart(2);
  cluster.restart(3);
  cluster.deadline(2);
  cluster.now += 1_000;
  cluster.deadline(2);
  quiet(cluster);
  cluster.propose(2, "x");
  quiet(cluster);
  cluster.restart(1);
  expect(cluster.node(1).state.membership.voters).toEqual([1, 2].map(asNode));
  for (let i = 0; i < 5; i++) {
    cluster.deadline(2);
    quiet(cluster);
  }
  expect(cluster.node(1).state.membership.voters).toEqual([1, 2, 3].map(asNode));
});
