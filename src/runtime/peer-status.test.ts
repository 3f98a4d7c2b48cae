import { afterAll, beforeAll, expect, test } from "bun:test";
import { clusterConfig, TestCluster } from "./testing/cluster.ts";
import { until } from "./testing/until.ts";

let cluster: TestCluster;
beforeAll(() => {
  cluster = new TestCluster(clusterConfig(3, "unused", "memory")).startAll();
});
afterAll(() => cluster.stopAll());

async function put(key: string): Promise<void> {
  const leader = await cluster.leader();
  const url = `${cluster.url(leader)}/kv/${key}`;
  expect((await fetch(url, { method: "PUT", body: "v" })).status).toBe(200);
}

test("peers: the leader tells how far each follower is, a follower does not", async () => {
  await put("a");
  const leader = await cluster.leader();
  const said = await until("followers that hold the log", () => {
    const status = cluster.nodes.get(leader)!.status();
    const { peers, lastIndex } = status;
    return peers.every((peer) => peer.matchIndex === lastIndex) ? status : null;
  });
  expect(said.peers.map((peer) => peer.id)).toEqual([1, 2, 3].filter((id) => id !== leader));
  for (const peer of said.peers) {
    expect(peer).toMatchObject({ state: "replicate", isConnected: true });
    expect(peer.nextIndex).toBe(said.lastIndex + 1);
    expect(peer.lastHeardMs).toBeGreaterThanOrEqual(0);
  }
  const follower = cluster.nodes.get(leader === 1 ? 2 : 1)!.status();
  expect(follower.peers).toHaveLength(2);
  for (const peer of follower.peers) expect(peer).not.toContainKeys(["matchIndex", "state"]);
});

test("peers: what one node sent, the other received, kind by kind", async () => {
  await put("b");
  const leader = await cluster.leader();
  const followerId = leader === 1 ? 2 : 1;
  const toFollower = () =>
    cluster.nodes
      .get(leader)!
      .status()
      .peers.find((peer) => peer.id === followerId)!;
  const fromLeader = () =>
    cluster.nodes
      .get(followerId)!
      .status()
      .peers.find((peer) => peer.id === leader)!;
  const { votes, appends, heartbeats } = toFollower().sent;
  // A pre-vote and a vote, the term's no-op and a put.
  expect(votes).toBeGreaterThanOrEqual(2);
  expect(appends).toBeGreaterThanOrEqual(2);
  const { sentBytes } = toFollower();
  await until("all of it to arrive", () => {
    const { received, receivedBytes } = fromLeader();
    const isThere = received.votes >= votes && received.appends >= appends;
    return isThere && received.heartbeats >= heartbeats && receivedBytes >= sentBytes;
  });
  expect(fromLeader().received.votes).toBe(votes);
  const { appendReplies, voteReplies } = fromLeader().sent;
  expect(appendReplies).toBeGreaterThanOrEqual(2);
  expect(voteReplies).toBeGreaterThanOrEqual(2);
});

test("peers: a vote is told, and a peer that is gone", async () => {
  const leader = await cluster.leader();
  expect(cluster.nodes.get(leader)!.status().votedFor).toBe(leader);
  const gone = leader === 3 ? 2 : 3;
  await cluster.stop(gone);
  await until("the link to be down and messages dropped", () => {
    const peer = cluster.nodes
      .get(leader)!
      .status()
      .peers.find(({ id }) => id === gone)!;
    return !peer.isConnected && peer.droppedMessages > 0;
  });
  cluster.start(gone);
  await until("the link to be up", () =>
    cluster.nodes
      .get(leader)!
      .status()
      .peers.every((peer) => peer.isConnected),
  );
});
