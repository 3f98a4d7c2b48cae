import { afterAll, beforeAll, expect, test } from "bun:test";
import { freePorts } from "../free-ports.ts";
import { clusterConfig, TestCluster } from "../testing/cluster.ts";
import { until } from "../testing/until.ts";
import type { JoinReply } from "./members.ts";

const cluster = new TestCluster(clusterConfig(3, "unused", "memory"));
const [peerPort, clientPort, httpPort] = freePorts(3) as [number, number, number];
const added = { id: 4, host: "127.0.0.1", peerPort, clientPort, httpPort };
beforeAll(() => void cluster.startAll());
afterAll(() => cluster.stopAll());

async function post(id: number, path: string, body: unknown) {
  const response = await fetch(`${cluster.url(id)}/admin/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as JoinReply };
}

test("members: a node is asked who it is and whom it knows", async () => {
  const leader = await cluster.leader();
  const said = await (await fetch(`${cluster.url(2)}/admin/nodes`)).json();
  expect(said).toMatchObject({
    clusterId: "test",
    id: 2,
    leaderId: leader,
    firstVoters: [1, 2, 3],
  });
  expect(said).toMatchObject({ nodes: cluster.config.nodes });
});

test("members: a follower refuses to take a node in, and the leader refuses an id that is taken", async () => {
  const leader = await cluster.leader();
  const follower = leader === 1 ? 2 : 1;
  const asked = await post(follower, "join", { node: added });
  expect(asked).toMatchObject({ status: 409, body: { reason: "not the leader", taken: false } });
  const taken = await post(leader, "join", { node: { ...added, id: follower } });
  expect(taken).toMatchObject({ status: 409, body: { outcome: "refused", taken: true } });
  expect(taken.body.reason).toContain(`node ${follower} is at 127.0.0.1:`);
  const wrong = await post(leader, "join", { node: { ...added, host: "" } });
  expect(wrong.status).toBe(400);
  expect((await post(leader, "nodes", { node: { id: 0 } })).status).toBe(400);
  const members = cluster.nodes.get(leader)!.status().membership;
  expect(members.voters.map(Number)).toEqual([1, 2, 3]);
});

test("members: a node that is told of and runs is taken in, once, however often it asks", async () => {
  const leader = await cluster.leader();
  for (const { id } of cluster.config.nodes) {
    expect((await post(id, "nodes", { node: added })).status).toBe(200);
  }
  const config = { ...cluster.config, nodes: [...cluster.config.nodes, added], voters: [1, 2, 3] };
  cluster.start(4, { config, isJoining: true });
  const replies = await Promise.all([
    post(leader, "join", { node: added, learner: true }),
    post(leader, "join", { node: added, learner: true }),
  ]);
  expect(replies.map(({ body }) => body.outcome)).toContain("done");
  const again = await post(leader, "join", { node: added });
  expect(again.body).toMatchObject({ outcome: "done" });
  expect((await post(leader, "join", { node: added })).body.outcome).toBe("done");
  const { membership } = cluster.nodes.get(leader)!.status();
  expect([membership.voters.map(Number), membership.learners]).toEqual([[1, 2, 3, 4], []]);
  // The config of these nodes names no voters: all that it listed at first are, and no later one.
  expect(cluster.nodes.get(leader)!.admin.nodes().firstVoters).toEqual([1, 2, 3]);
  await until("the new node follows", () => cluster.nodes.get(4)!.status().leaderId === leader);
  expect(cluster.fatal).toEqual([]);
});
