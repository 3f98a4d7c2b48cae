import { afterAll, beforeAll, expect, test } from "bun:test";
import { clusterConfig, shardedConfig, tempDir, TestCluster } from "../testing/cluster.ts";
import { until } from "../testing/until.ts";
import { METRICS } from "./registry.ts";
import { GROUPS_MAX } from "./group-metrics.ts";
import { parseScrape, type Series } from "./testing/scrape.ts";

const dir = tempDir();
let cluster: TestCluster;
beforeAll(() => {
  cluster = new TestCluster(clusterConfig(3, dir.path, "disk")).startAll();
});
afterAll(async () => {
  await cluster.stopAll();
  dir.remove();
});

async function scrape(id: number, of = cluster): Promise<readonly Series[]> {
  const response = await fetch(`${of.url(id)}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toStartWith("text/plain; version=0.0.4");
  return parseScrape(await response.text());
}

/** The one value of a metric with these labels. */
function value(all: readonly Series[], name: string, labels: Record<string, string> = {}): number {
  const found = all.filter(
    (series) =>
      series.name === name &&
      Object.entries(labels).every(([label, one]) => series.labels[label] === one),
  );
  expect(found.map((series) => series.labels)).toHaveLength(1);
  return found[0]!.value;
}

test("metrics: they tell what the node has done", async () => {
  const leader = await cluster.leader();
  const put = { method: "PUT", body: "red" };
  expect((await fetch(`${cluster.url(leader)}/kv/colour`, put)).status).toBe(200);
  expect((await fetch(`${cluster.url(leader)}/admin/snapshot`, { method: "POST" })).status).toBe(
    200,
  );
  const follower = leader === 1 ? 2 : 1;
  const all = await until("the follower to have all, and an answered heartbeat", async () => {
    const found = await scrape(leader);
    const lag = value(found, "ordeal_raft_follower_lag_entries", { To: `${follower}` });
    const peer = { To: `${follower}` };
    const beats = value(found, "ordeal_network_peer_round_trip_time_seconds_count", peer);
    return lag === 0 && beats > 0 ? found : null;
  });
  const status = cluster.nodes.get(leader)!.status();
  expect(value(all, "ordeal_server_has_leader")).toBe(1);
  expect(value(all, "ordeal_server_is_leader")).toBe(1);
  expect(value(all, "ordeal_server_leader_changes_seen_total")).toBeGreaterThanOrEqual(1);
  expect(value(all, "ordeal_raft_term")).toBe(status.term);
  expect(value(all, "ordeal_server_proposals_committed_total")).toBe(status.commitIndex);
  expect(value(all, "ordeal_server_proposals_applied_total")).toBe(status.appliedIndex);
  expect(value(all, "ordeal_server_replies_total", { status: "ok" })).toBe(1);
  expect(value(all, "ordeal_debugging_mvcc_keys_total")).toBe(1);
  expect(value(all, "ordeal_snap_total", { outcome: "taken" })).toBe(1);
  expect(value(all, "ordeal_snap_db_save_total_duration_seconds_count")).toBe(1);
  expect(value(all, "ordeal_disk_failures_total", { of: "wal" })).toBe(0);
  const remote = { Remote: `${follower}` };
  expect(value(all, "ordeal_network_active_peers", remote)).toBe(1);
  const there = await scrape(follower);
  expect(value(there, "ordeal_server_is_leader")).toBe(0);
  expect(value(there, "ordeal_raft_leader_id")).toBe(leader);
});

test("metrics: a histogram of syncs adds up, bucket by bucket", async () => {
  const all = await scrape(await cluster.leader());
  const name = "ordeal_disk_wal_fsync_duration_seconds";
  const buckets = all.filter((series) => series.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(labels["le"]!.replace("+Inf", "Infinity")));
  expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  const counts = buckets.map((series) => series.value);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts.at(-1)).toBe(value(all, `${name}_count`));
  expect(value(all, `${name}_count`)).toBeGreaterThan(0);
  expect(value(all, `${name}_sum`)).toBeGreaterThan(0);
});

test("metrics: counters never fall from one scrape to the next, and none is there twice", async () => {
  const first = await scrape(2);
  const second = await scrape(2);
  const counters = Object.values(METRICS)
    .flat()
    .flatMap(({ kind, name }) => (kind === "counter" ? [name] : []));
  const key = ({ name, labels }: Series): string => `${name} ${JSON.stringify(labels)}`;
  const before = new Map(first.map((series) => [key(series), series.value]));
  expect(before.size).toBe(first.length);
  for (const series of second) {
    if (!counters.includes(series.name)) continue;
    expect(series.value, key(series)).toBeGreaterThanOrEqual(before.get(key(series)) ?? 0);
  }
});

test("metrics: labels are those that are declared", async () => {
  const declared = new Map(
    Object.values(METRICS)
      .flat()
      .map((metric) => [metric.name, metric]),
  );
  for (const { name, labels } of await scrape(1)) {
    const base = declared.get(name) ?? declared.get(name.replace(/_(bucket|sum|count)$/, ""));
    expect(base, name).toBeDefined();
    const expected = [...base!.labels, ...(name.endsWith("_bucket") ? ["le"] : [])];
    expect(Object.keys(labels), name).toEqual(expected);
  }
});

test("metrics: of many groups only the first have series of their own", async () => {
  const groups = GROUPS_MAX + 8;
  const shape = { shards: 8, groups, replicas: 1 };
  const sharded = new TestCluster(shardedConfig(1, "unused", "memory", shape)).startAll();
  try {
    const all = await scrape(1, sharded);
    expect(value(all, "ordeal_groups")).toBe(groups + 1);
    expect(all.filter(({ name }) => name === "ordeal_group_term")).toHaveLength(GROUPS_MAX);
  } finally {
    await sharded.stopAll();
  }
});
