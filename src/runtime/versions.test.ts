import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { get, put } from "./testing/binary-client.ts";
import { clusterConfig, tempDir, TestCluster } from "./testing/cluster.ts";
import { until } from "./testing/until.ts";

setDefaultTimeout(60_000);

let cluster: TestCluster;
const dir = tempDir();
afterEach(async () => {
  await cluster.stopAll();
  dir.remove();
});

const OLD = { lowest: 1, highest: 1 };
const NEW = { lowest: 1, highest: 2 };
const TOO_NEW = { lowest: 2, highest: 3 };

test("versions: a cluster is upgraded node by node, at the lower version until all are new; one too new is refused", async () => {
  cluster = new TestCluster(clusterConfig(3, dir.path, "disk"));
  for (const id of [1, 2]) cluster.start(id, { versions: OLD });
  cluster.start(3, { versions: NEW });
  const wire = (id: number) => cluster.nodes.get(id)!.status().wire;
  const write = async (key: string): Promise<void> => {
    const port = cluster.clientPort(await cluster.leader());
    expect((await put(port, key, "v")).status).toBe("ok");
  };
  await write("mixed");
  await until("node 3 has met the others", () =>
    cluster.nodes
      .get(3)!
      .status()
      .peers.every((peer) => peer.wireVersion === 1),
  );
  expect(wire(3)).toEqual({ ...NEW, cluster: 1 });
  const version = await fetch(`${cluster.url(3)}/version`);
  expect(await version.json()).toMatchObject({ wire: { ...NEW, cluster: 1 } });

  for (const id of [1, 2]) {
    await cluster.stop(id);
    cluster.start(id, { versions: NEW });
    await write(`with node ${id} upgraded`);
    const isLast = id === 2;
    await until("it is known what all speak", () => wire(3).cluster === (isLast ? 2 : 1));
  }
  await until("all nodes know", () => [1, 2, 3].every((id) => wire(id).cluster === 2));

  // Too new for the others, which it has nothing in common with.
  await cluster.stop(2);
  for (const id of [1, 3]) {
    await cluster.stop(id);
    cluster.start(id, { versions: OLD });
  }
  cluster.start(2, { versions: TOO_NEW });
  const leader = await until("a leader among those that agree", () =>
    [1, 3].find((id) => cluster.nodes.get(id)!.status().role === "leader"),
  );
  const words =
    "node 2 speaks versions 2 to 3 of the peer protocol, node 1 version 1: run builds that have one in common";
  const log = (id: number) => cluster.logs.get(id)!;
  await until(
    "both say why",
    () =>
      log(1).reasons("peerClosed").includes(words) &&
      log(2).reasons("peerUnreachable").includes(`refused: ${words}`),
  );
  const port = cluster.clientPort(leader);
  expect((await put(port, "after", "v")).status).toBe("ok");
  expect((await get(port, "mixed")).status).toBe("ok");
  expect(cluster.nodes.get(2)!.status()).toMatchObject({
    role: expect.not.stringMatching("leader"),
  });
  // It tries again for ever, and is told of once.
  const told = (id: number): number =>
    log(id)
      .reasons("peerClosed")
      .filter((reason) => String(reason).startsWith("node 2 ")).length;
  expect([told(1), told(3)].every((count) => count <= 1)).toBe(true);
  expect(cluster.fatal).toEqual([]);
});
