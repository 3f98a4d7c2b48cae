import { afterAll, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../connect/client.ts";
import { freePorts } from "../runtime/free-ports.ts";
import { until } from "../target/until.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { endClusters } from "./testing/clusters.ts";
import { ordealLines } from "./testing/command-lines.ts";

const MAIN = join(import.meta.dir, "main.ts");
const DOC = readFileSync(join(import.meta.dir, "../../docs/sharding.md"), "utf8");
const WITHIN_MS = 30_000;
const TEST_MS = 180_000;
const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);

const root = mkdtempSync(join(tmpdir(), "ordeal-safety-shards-"));
afterAll(() => {
  endClusters(root);
  rmSync(root, { recursive: true });
});

/** The session of the documentation, in directories of this test. */
const session = ordealLines(
  [
    ...DOC.slice(
      DOC.indexOf("## Copies and disasters"),
      DOC.indexOf("## What is guaranteed"),
    ).matchAll(/```sh\n([^]*?)```/g),
  ]
    .map(([, text]) => text)
    .join(""),
).map((words) => words.map((word) => word.replace("/tmp", root)));

async function ordeal(...words: readonly string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { out, err, code };
}

/** Runs the next line of the session, which begins with these words. */
async function next(...begin: readonly string[]) {
  const words = session.shift()!;
  expect(words.slice(0, begin.length)).toEqual([...begin]);
  const ended = await ordeal(...words);
  expect(ended.code, `${words.join(" ")}: ${ended.err}`).toBe(0);
  return ended;
}

function placesOf(dir: string): string[] {
  const { nodes } = JSON.parse(readFileSync(join(dir, "cluster.json"), "utf8")) as ClusterRecord;
  return nodes.map(({ host, clientPort }) => `${host}:${clientPort}`);
}

const contents = (dir: string): Promise<string[]> => contentsAt(placesOf(dir));

/** Of every key its version and its value. */
async function contentsAt(nodes: readonly string[]): Promise<string[]> {
  await using db = await connect({ nodes, timeoutMs: WITHIN_MS });
  const found = await Promise.all(KEYS.map((key) => db.get(key)));
  return found.map((one) => `${one?.version}: ${one?.value}`);
}

const dir = join(root, "s");

test(
  "safety of shards: backup while shards move, restore on other nodes, and recovery, as documented, on real processes",
  async () => {
    await next("cluster", "start");
    {
      await using db = await connect({ nodes: placesOf(dir), timeoutMs: WITHIN_MS });
      await Promise.all(
        KEYS.map(async (key, i) => {
          await db.put(key, key);
          for (let n = 0; n < i % 4; n++) await db.append(key, `, ${n}`);
        }),
      );
    }
    const written = await contents(dir);
    expect(written[7]).toBe("4: key 7, 0, 1, 2");

    const moving = (async () => {
      for (const [shard, group] of [
        [0, 3],
        [5, 2],
      ] as const) {
        const place = ["--shard", String(shard), "--group", String(group)];
        const { err, code } = await ordeal("shards", "move", "--dir", dir, ...place);
        expect([err, code]).toEqual(["", 0]);
      }
    })();
    const { out } = await next("cluster", "backup");
    await moving;
    expect(out).toContain(`${KEYS.length} keys`);
    const file = join(root, "s.obak");
    const cut = join(root, "cut.obak");
    cpSync(file, cut);
    truncateSync(cut, readFileSync(file).length - 5);
    const refused = await ordeal("cluster", "restore", cut, "--dir", join(root, "none"));
    expect([refused.code, refused.err]).toEqual([64, expect.stringContaining("is cut short")]);
    expect(existsSync(join(root, "none"))).toBe(false);

    await next("cluster", "restore");
    await next("cluster", "start");
    const copy = join(root, "t");
    expect(await contents(copy)).toEqual(written);
    await ordeal("cluster", "stop", "--dir", copy);

    await next("cluster", "stop");
    const { clusterId, nodes, sharding } = JSON.parse(
      readFileSync(join(dir, "config.json"), "utf8"),
    );
    cpSync(join(dir, "node-3"), join(root, "hand", "node-3"), { recursive: true });
    const { err, out: told } = await next("cluster", "recover");
    expect(err).toContain("THIS MAY LOSE DATA");
    expect(err).toMatch(/group 1, the shard controller: up to entry \d+/);
    for (const group of [2, 3]) {
      expect(err).toMatch(
        new RegExp(`group ${group}: up to entry \\d+ of its log, term \\d+, config \\d+: `),
      );
    }
    expect(told).toContain(`recovered node 2: ${KEYS.length} keys`);
    await next("cluster", "start");
    expect(await contents(dir)).toEqual(written);
    await next("cluster", "add");
    await next("shards", "join");
    await next("shards", "leave");
    expect(session).toEqual([]);
    expect(await contents(dir)).toEqual(written);
    await ordeal("cluster", "stop", "--dir", dir);

    // A survivor that was started by hand: what its directory remembers of the groups counts, or nothing is done.
    const [peer, client, http] = freePorts(3);
    const at = ["--id", "3", "--data-dir", join(root, "hand"), "--cluster", "old"];
    const listen = Object.entries({ peer, client, http }).flatMap(([name, port]) => {
      return [`--listen-${name}`, `127.0.0.1:${port}`];
    });
    const forced = [...at, ...listen, "--force-new-cluster", "--yes-i-may-lose-data"];
    const unsaid = await ordeal("node", ...forced);
    expect([unsaid.code, unsaid.err]).toEqual([64, expect.stringContaining("a sharded cluster")]);
    const remembered = { clusterId, firstVoters: [1, 2, 3], nodes, sharding };
    writeFileSync(join(root, "hand", "node-3", "nodes.json"), JSON.stringify(remembered));
    const said = await goesOn(forced, client!, written);
    expect(said).toContain("group 3: up to entry");
    await goesOn([...at, ...listen], client!, written);
  },
  TEST_MS,
);

/** Starts a node that has all keys, and ends it. Resolves with what it said. */
async function goesOn(words: string[], port: number, written: readonly string[]): Promise<string> {
  const node = Bun.spawn([process.execPath, MAIN, "node", ...words], { stderr: "pipe" });
  try {
    const found = await until("it answers", WITHIN_MS, () =>
      contentsAt([`127.0.0.1:${port}`]).catch(() => null),
    );
    expect(found).toEqual([...written]);
  } finally {
    node.kill("SIGTERM");
    await node.exited;
  }
  return node.stderr.text();
}
