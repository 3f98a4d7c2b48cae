import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeConfigFile } from "../config.ts";
import { diskPort } from "../disk.ts";
import { shardedConfig, TestCluster } from "../testing/cluster.ts";
import { endings } from "../testing/endings.ts";
import { problemOf } from "../testing/problem-of.ts";
import { ShardClient } from "../testing/shard-client.ts";
import { until } from "../testing/until.ts";
import { HEAD_BYTES } from "./backup-bytes.ts";
import { readBackup } from "./backup-file.ts";
import {
  type GroupSource,
  isSharded,
  readShardedBackup,
  type ShardedMeta,
  ShardsMove,
  writeShardedBackup,
} from "./backup-shards.ts";
import { newClusterId, writeNewNodes } from "./new-life.ts";
import { shardsOnNodes } from "./new-shards.ts";
import { recoverNode } from "./recover.ts";

const LONG_MS = 60_000;
setDefaultTimeout(2 * LONG_MS);
const SHARDS = 6;
const KEYS = Array.from({ length: 24 }, (_, i) => `key ${i}`);
const list = (count: number): string => Array.from({ length: count }, (_, i) => `${i},`).join("");

const { newDir, startShards } = endings();

const sharded = (replicas: number, storage: "disk" | "memory" = "disk"): NodeConfigFile => ({
  ...shardedConfig(3, newDir(), storage, { shards: SHARDS, groups: 2, replicas }),
  raft: { electionTimeoutMinMs: 400 },
});

/** An answer that was lost is asked for again, and then finds the change made. */
async function change(
  client: ShardClient,
  ...asked: Parameters<ShardClient["change"]>
): Promise<void> {
  expect(["ok", "versionMismatch"]).toContain((await client.change(...asked)).status);
}

/** Both groups join, and every key gets as many items as its number says, and one more. */
async function filled(config: NodeConfigFile) {
  const { cluster, client } = startShards(config);
  const { groups } = config.sharding!;
  const places = [2, 3].map((id) => ({ id, nodes: groups[id]! }));
  await change(client, { kind: "join", groups: places }, 0);
  for (const [i, key] of KEYS.entries()) {
    for (let n = 0; n <= i % 3; n++) expect((await client.append(key, `${n},`)).isOk).toBe(true);
  }
  return { cluster, client };
}

/** By key: how many items it has; each state of it is a prefix of the items. */
async function countsOf(client: ShardClient): Promise<number[]> {
  const replies = await Promise.all(KEYS.map((key) => client.get(key)));
  for (const { version, text } of replies) expect(text).toBe(list(version));
  return replies.map(({ version }) => version);
}

/** Asks the nodes of a cluster for their groups, as `ordeal cluster backup` does. */
const sourceOf =
  (cluster: TestCluster): GroupSource =>
  ({ id }, num) =>
    until(`a snapshot of group ${id}`, async () => {
      for (const node of cluster.config.nodes) {
        const config = num === null ? "" : `&config=${num}`;
        const path = `${cluster.url(node.id)}/admin/backup?group=${id}${config}`;
        const response = await fetch(path, { redirect: "manual" });
        if (response.status === 409) return ((await response.json()) as { error: string }).error;
        if (!response.ok) continue;
        const header = (name: string): string => response.headers.get(`X-Ordeal-${name}`)!;
        const said = { node: Number(header("Node")), version: header("Version") };
        return { ...said, snapshot: response.body! };
      }
      return null;
    });

/** Again until no shard moves while it is taken. Resolves with how often that was in vain, too. */
async function backup(
  path: string,
  source: GroupSource,
): Promise<{ readonly meta: ShardedMeta; readonly disturbed: number }> {
  for (let disturbed = 0; ; disturbed++) {
    try {
      return { meta: await writeShardedBackup(path, SHARDS, source), disturbed };
    } catch (error) {
      if (!(error instanceof ShardsMove)) throw error;
    }
  }
}

/** The same source, but that the config changes twice after the controller was asked, and every group takes that up. */
function disturbing(cluster: TestCluster, client: ShardClient): GroupSource {
  const source = sourceOf(cluster);
  let left = 2;
  return async (group, config) => {
    if (group.id === 3 && left-- > 0) {
      const { num, shards } = await client.query();
      const to = shards[left] === 2 ? 3 : 2;
      await change(client, { kind: "move", shard: left, group: to }, num);
      await until("group 3 has heard of it", () =>
        [...cluster.nodes.values()].some((node) =>
          node.status().shards!.some((one) => one.group === 3 && one.num > num),
        ),
      );
    }
    return source(group, config);
  };
}

test("sharded backup: taken while keys grow and shards move, it holds each key once, with all that was acknowledged before; a restored cluster has exactly that, and sessions go on", async () => {
  const config = sharded(3);
  const { cluster, client } = await filled(config);
  const acked = await countsOf(client);
  let isOver = false;
  const growing = KEYS.map(async (key, i) => {
    while (!isOver) {
      expect((await client.append(key, `${acked[i]},`)).isOk).toBe(true);
      acked[i]!++;
    }
  });
  const before = [...acked];
  const file = join(newDir(), "backup");
  const { meta, disturbed } = await backup(file, disturbing(cluster, client));
  expect(disturbed).toBeGreaterThanOrEqual(2);
  isOver = true;
  await Promise.all(growing);
  expect([meta.clusterId, meta.keys, meta.groups]).toEqual(["test", KEYS.length, 2]);
  expect(meta.sessions).toBeGreaterThan(0);
  await cluster.stopAll();

  // At the same places, so that the same client goes on in its sessions.
  const clusterId = newClusterId("test");
  const at = { ...config, clusterId, dataDir: newDir(), bootstrapped: true };
  const nodes = [1, 2, 3].map((id) => {
    return { port: diskPort(), dir: join(at.dataDir, `node-${id}`), clusterId, id };
  });
  const { sharding, groups } = shardsOnNodes(readShardedBackup(file), [1, 2, 3]);
  await writeNewNodes(nodes, groups);
  const { client: other } = startShards({ ...at, sharding });
  const kept = await countsOf(other);
  for (const [i, count] of kept.entries()) {
    expect(count).toBeGreaterThanOrEqual(before[i]!);
    expect(count).toBeLessThanOrEqual(acked[i]!);
  }
  // The client of before has sessions that it opened there.
  for (const [i, key] of KEYS.entries()) {
    const { isOk, version } = await client.append(key, `${kept[i]},`);
    expect([isOk, version]).toEqual([true, kept[i]! + 1]);
  }
  expect(await countsOf(other)).toEqual(kept.map((count) => count + 1));
});

test("sharded backup: a file that is damaged, cut short, too long, or put together of two is refused, and says where", async () => {
  const { cluster } = await filled(sharded(1, "memory"));
  const dir = newDir();
  const [file, second] = [join(dir, "backup"), join(dir, "second")];
  await backup(file, sourceOf(cluster));
  await backup(second, sourceOf(cluster));
  const { parts, meta } = readShardedBackup(file);
  expect([meta.keys, parts.map(({ group }) => group)]).toEqual([KEYS.length, [1, 2, 3]]);
  const sound = readFileSync(file);
  const broken = join(dir, "broken");
  const refused = (bytes: Uint8Array, what: string): string => {
    writeFileSync(broken, bytes);
    const said = problemOf(() => readShardedBackup(broken));
    expect(said, what).toContain("the backup cannot be used");
    expect(said, what).toMatch(/offset|the head says/);
    return said;
  };
  const [first, ofTwo, ofThree] = parts.map((_, i) => {
    const from = parts.slice(0, i).reduce((sum, { bytes }) => sum + HEAD_BYTES + bytes, HEAD_BYTES);
    return { from, to: from + HEAD_BYTES + parts[i]!.bytes };
  }) as [Range, Range, Range];
  expect(ofThree.to).toBe(sound.length);
  const places = [
    0,
    30,
    4_094,
    ...[first, ofTwo, ofThree].flatMap(({ from, to }) => [
      from,
      from + 30,
      from + HEAD_BYTES + 90,
      to - 2,
    ]),
  ];
  for (const place of places) {
    const bytes = Uint8Array.from(sound);
    bytes[place]! ^= 0x10;
    refused(bytes, `byte ${place}`);
  }
  for (const length of [0, 100, 4_096, first.to, ofTwo.from + 50, ofThree.from, sound.length - 1]) {
    writeFileSync(broken, sound);
    truncateSync(broken, length);
    expect(
      problemOf(() => readShardedBackup(broken)),
      `${length} bytes`,
    ).toContain("the backup cannot be used");
  }
  const cut = ({ from, to }: Range, of = sound): Uint8Array => of.subarray(from, to);
  const head = sound.subarray(0, HEAD_BYTES);
  const joined = (...pieces: readonly Uint8Array[]): Uint8Array => Buffer.concat(pieces);
  const swapped = refused(
    joined(head, cut(first), cut(ofThree), cut(ofTwo)),
    "two parts changed places",
  );
  expect(swapped).toContain(`group 2 of backup ${meta.backup} belongs here, and group 3 of`);
  const twice = refused(
    joined(head, cut(first), cut(ofTwo), cut(ofTwo)),
    "a part twice, another one absent",
  );
  expect(twice).toContain("group 3 of");
  writeFileSync(broken, Buffer.concat([Buffer.from("ordeal-backup 3\n"), sound.subarray(16)]));
  expect(isSharded(broken)).toBe(false);
  expect(problemOf(() => readBackup(broken))).toContain(
    'the format "ordeal-backup 3" is not known to this version',
  );
  const mixed = refused(
    joined(head, cut(first), cut(ofTwo), cut(ofThree, readFileSync(second))),
    "a part of another backup",
  );
  expect(mixed).toContain("belongs here, and group 3 of backup");
  expect(refused(joined(sound, cut(ofThree)), "more than it holds")).toContain(
    "bytes after its end",
  );
});
type Range = { readonly from: number; readonly to: number };

test("sharded backup: a stream that breaks off, and shards that move, leave no file", async () => {
  const dir = newDir();
  const file = join(dir, "backup");
  const snapshot = async function* (): AsyncIterable<Uint8Array> {
    yield new Uint8Array(100);
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const full = writeShardedBackup(file, SHARDS, () =>
    Promise.resolve({ node: 1, version: "0", snapshot: snapshot() }),
  );
  await expect(full).rejects.toThrow("no space left");
  const moves = writeShardedBackup(file, SHARDS, () =>
    Promise.resolve("shard 3 is leaving at group 2"),
  );
  await expect(moves).rejects.toThrow("shard 3 is leaving at group 2");
  expect(readdirSync(dir)).toEqual([]);
});

test("sharded backup: asked without a group a node says how many shards there are; a group that moves is not given", async () => {
  const { cluster, client } = await filled(sharded(1, "memory"));
  const bare = await fetch(`${cluster.url(1)}/admin/backup`);
  expect([bare.status, bare.headers.get("X-Ordeal-Shards")]).toEqual([409, String(SHARDS)]);
  expect(await bare.json()).toMatchObject({ definite: true });
  const { num } = await client.query();
  const source = sourceOf(cluster);
  expect(await source({ id: 2, nodes: null }, num + 1)).toBe(
    `group 2 is at config ${num} of ${num + 1}`,
  );
  // Without a group that shards could go to they are nobody's, and leave for ever.
  await change(client, { kind: "leave", groups: [2, 3] }, num);
  const none = writeShardedBackup(join(newDir(), "backup"), SHARDS, source);
  await expect(none).rejects.toThrow("shard 0 belongs to no group");
});

test("sharded recovery: one survivor goes on with all groups that it hosts, each as far as its log came", async () => {
  const config = sharded(3);
  const { cluster, client } = await filled(config);
  const counts = await countsOf(client);
  const { num } = await client.query();
  await change(client, { kind: "move", shard: 0, group: 3 }, num);
  const survivor = 2;
  await until("the survivor has all", () => {
    const all = [...cluster.nodes.values()].map((node) => node.status());
    const own = all.find(({ id }) => id === survivor)!;
    const last = (group: number): number =>
      Math.max(
        ...all
          .flatMap(({ groups }) => groups!.filter((one) => one.group === group))
          .map(({ lastIndex }) => lastIndex),
      );
    return own.groups!.every(
      ({ group, lastIndex, commitIndex }) => lastIndex === last(group) && commitIndex === lastIndex,
    );
  });
  await cluster.stopAll();
  const { sharding } = config;
  const done = await recoverNode(config.dataDir, survivor, { sharding });
  expect([done.keys, done.oldClusterId, done.sharded!.lost]).toEqual([KEYS.length, "test", []]);
  const told = done.sharded!.groups;
  expect(told.map(({ group }) => group)).toEqual([2, 3]);
  expect(told.flatMap(({ shards }) => shards).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(told.every(({ lastIndex, term, config: at }) => lastIndex > 0 && term > 0 && at > 0)).toBe(
    true,
  );
  expect(existsSync(join(done.keptDir, "wal"))).toBe(true);
  expect(done.sharded!.sharding.groups).toEqual({ 1: [2], 2: [2], 3: [2] });

  const alone = { ...config, clusterId: done.clusterId, voters: [survivor], bootstrapped: true };
  const nodes = config.nodes.filter(({ id }) => id === survivor);
  const { client: other } = startShards({ ...alone, nodes, sharding: done.sharded!.sharding });
  expect(await countsOf(other)).toEqual(counts);
  expect((await other.append(KEYS[0]!, `${counts[0]},`)).version).toBe(counts[0]! + 1);
});

test("sharded recovery: shards of which the survivor has nothing keep it from being recovered, unless that is agreed to", async () => {
  const config = sharded(1);
  const { cluster, client } = await filled(config);
  const { shards } = await client.query();
  const counts = await countsOf(client);
  await cluster.stopAll();
  const { sharding, dataDir } = config;
  const survivor = sharding!.groups[2]![0]!;
  const lost = shards.flatMap((group, shard) => (group === 3 ? [shard] : []));
  const dir = join(dataDir, `node-${survivor}`);
  const kept = readdirSync(dir).sort();
  await expect(recoverNode(dataDir, survivor, { sharding })).rejects.toThrow(
    `there is nothing of shards ${lost.join(", ")}: group 3 had them, on nodes ${sharding!.groups[3]!.join()}`,
  );
  await expect(recoverNode(dataDir, survivor, {})).rejects.toThrow(
    "the data are of a sharded cluster",
  );
  const third = [1, 2, 3].find(
    (id) => !sharding!.groups[2]!.includes(id) && !sharding!.groups[3]!.includes(id),
  )!;
  const anyway = { sharding, mayLoseShards: true };
  await expect(recoverNode(dataDir, third, anyway)).rejects.toThrow("nothing can be recovered");
  expect(readdirSync(dir).sort()).toEqual(kept);
  expect(readdirSync(dataDir).sort()).toEqual(["node-1", "node-2", "node-3"]);

  const done = await recoverNode(dataDir, survivor, anyway);
  expect(done.sharded!.lost.map(({ shard }) => shard)).toEqual(lost);
  const alone = { ...config, clusterId: done.clusterId, voters: [survivor], bootstrapped: true };
  const nodes = config.nodes.filter(({ id }) => id === survivor);
  const { client: other } = startShards({ ...alone, nodes, sharding: done.sharded!.sharding });
  const after = await countsOf(other);
  expect(after.filter((count) => count > 0)).toHaveLength(done.keys);
  expect(after.every((count, i) => count === 0 || count === counts[i])).toBe(true);
  const replies = await Promise.all(KEYS.map((key, i) => other.append(key, `${after[i]},`)));
  expect(replies.map(({ version }) => version)).toEqual(after.map((count) => count + 1));
});
