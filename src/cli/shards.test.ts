import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShardConfig } from "../kv/shard-config.ts";
import type { ShardsStatus } from "../target/target.ts";
import { endClusters } from "./testing/clusters.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const TEST_MS = 120_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-shards-"));
const dir = join(root, "s");
afterAll(() => {
  endClusters(root);
  rmSync(root, { recursive: true });
});

const ordeal = (...args: readonly string[]) => runOrdeal(args);

/** Runs `ordeal shards …`, which must succeed, and gives its document. */
async function shards<T>(...args: string[]): Promise<T> {
  const { out, err, code } = await ordeal("shards", ...args, "--dir", dir, "--json");
  expect([args, err, code]).toEqual([args, "", 0]);
  return JSON.parse(out) as T;
}

type Changed = { readonly config: ShardConfig; readonly left: readonly string[] };
const loads = ({ shards, groups }: ShardConfig): number[] =>
  groups.map(({ id }) => shards.filter((group) => group === id).length);

beforeAll(async () => {
  const sharding = ["--groups", "2", "--shards", "6", "--replicas", "3", "--storage", "memory"];
  const { err, code } = await ordeal("cluster", "start", "-n", "3", "--dir", dir, ...sharding);
  expect([err, code]).toEqual(["", 0]);
}, TEST_MS);

test(
  "shards: join, move, rebalance and leave under load, which finds every write again",
  async () => {
    const history = join(root, "h.bin");
    const load = ordeal(
      ...["load", "--dir", dir, "--clients", "4", "--rate", "100", "--pacing", "event"],
      ...["--keys", "40", "--value-bytes", "16", "--duration", "4s", "--final-reads"],
      ...["--mix", "get=0.4,put=0.3,append=0.3", "--history", history],
    );
    const wait = ["--wait", "--within", "60s"];
    const joined = await shards<Changed>("join", "--group", "7", "--nodes", "1,2,3", ...wait);
    expect([loads(joined.config), joined.left]).toEqual([[2, 2, 2], []]);
    const moved = await shards<Changed>("move", "--shard", "0", "--group", "7", ...wait);
    expect(moved.config.shards[0]).toBe(7);
    const even = await shards<Changed>("rebalance", ...wait);
    expect(loads(even.config)).toEqual([2, 2, 2]);
    const less = await shards<Changed>("leave", "--groups", "2,3", ...wait);
    expect(less.config.shards).toEqual([7, 7, 7, 7, 7, 7]);
    expect((await load).code).toBeOneOf([0, 3]); // 3: the machine was too slow for the rate.
    const checked = await ordeal("check", history, "--json");
    expect(checked.code).toBe(0);
  },
  TEST_MS,
);

test(
  "shards: status and query say who has what, any config of before too",
  async () => {
    const status = await shards<ShardsStatus & { readonly underWay: readonly string[] }>("status");
    expect(status.underWay).toEqual([]);
    expect(status.groups.find(({ group }) => group === 7)?.report?.shards).toHaveLength(6);
    const first = await shards<ShardConfig>("query", "--num", "1");
    expect(first).toMatchObject({ num: 1, shards: [2, 2, 2, 3, 3, 3] });
    const table = await ordeal("shards", "status", "--dir", dir);
    expect(table.out).toContain("nothing moves");
    expect(table.out.split("\n").filter((line) => / 7 +serving /.test(line))).toHaveLength(6);
    const { out } = await ordeal("shards", "query", "--dir", dir);
    expect(out).toMatch(/^config 5\ngroup +nodes +shards/);
  },
  TEST_MS,
);

test(
  "shards: what is refused is told with the reason and changes nothing, exit code 64",
  async () => {
    const before = await shards<ShardConfig>("query");
    const refused: readonly (readonly [readonly string[], string])[] = [
      [["join", "--group", "7", "--nodes", "1,2,3"], "group 7 has joined already"],
      [["join", "--group", "1", "--nodes", "1"], "1 is not a group of shards"],
      [["join", "--group", "8", "--nodes", "1,9"], "there is no node 9"],
      [["join", "--group", "8", "--nodes", "a"], `"a" is no list of ids`],
      [["leave", "--groups", "3"], "group 3 has not joined"],
      [["move", "--shard", "6", "--group", "7"], "there is no shard 6"],
      [["rebalance"], "the shards are spread evenly already"],
      [["query", "--num", "99"], "there is no config 99"],
    ];
    const replies = await Promise.all(
      refused.map(([args]) => ordeal("shards", ...args, "--dir", dir)),
    );
    for (const [i, { out, err, code }] of replies.entries()) {
      const [args, why] = refused[i]!;
      expect([args, code, out]).toEqual([args, 64, ""]);
      expect(err).toContain(why);
    }
    expect(await shards<ShardConfig>("query")).toEqual(before);
    const nowhere = await ordeal("shards", "status", "--dir", join(root, "none"));
    expect([nowhere.code, nowhere.err.includes("cannot find the cluster")]).toEqual([64, true]);
  },
  TEST_MS,
);

test(
  "shards: data of a sharded cluster are found again by a start that says nothing of shards",
  async () => {
    const other = join(root, "again");
    const start = ["cluster", "start", "-n", "1", "--dir", other];
    const sharding = ["--groups", "1", "--shards", "2", "--replicas", "1"];
    expect((await ordeal(...start, ...sharding)).code).toBe(0);
    expect((await ordeal("cluster", "stop", "--dir", other)).code).toBe(0);
    const wrong = await ordeal(...start, "--groups", "1", "--shards", "3");
    expect([wrong.code, wrong.err.includes("the cluster is 2 shards")]).toEqual([64, true]);
    expect((await ordeal(...start)).code).toBe(0);
    const { out } = await ordeal("shards", "query", "--dir", other, "--json");
    expect(JSON.parse(out)).toMatchObject({ num: 1, shards: [2, 2] });
  },
  TEST_MS,
);

test("shards: a cluster without groups, and bad numbers of shards, are bad input", async () => {
  const start = ["cluster", "start", "-n", "3", "--dir", join(root, "bad")];
  const without = await ordeal(...start, "--shards", "12");
  expect([without.code, without.err.includes("add --groups")]).toEqual([64, true]);
  const many = await ordeal(...start, "--groups", "2", "--replicas", "4");
  expect([many.code, many.err.includes("replicas")]).toEqual([64, true]);
});
