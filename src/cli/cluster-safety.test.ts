import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { freePorts } from "../runtime/free-ports.ts";
import { until } from "../target/until.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { endClusters } from "./testing/clusters.ts";
import { ordealLines } from "./testing/command-lines.ts";
import { run, runOrdeal } from "./testing/ordeal.ts";

const MAIN = join(import.meta.dir, "main.ts");
const DOC = readFileSync(join(import.meta.dir, "../../docs/operations.md"), "utf8");
const WITHIN_MS = 30_000;
const TEST_MS = 180_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-safety-"));
const running: Subprocess[] = [];
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(running.map((child) => child.exited));
  endClusters(root);
  rmSync(root, { recursive: true });
});

/** The session of the documentation, in directories of this test. */
const session = ordealLines(
  [
    ...DOC.slice(DOC.indexOf("## Upgrading"), DOC.indexOf("## Nodes started by hand")).matchAll(
      /```sh\n([^]*?)```/g,
    ),
  ]
    .map(([, text]) => text)
    .join(""),
).map((words) => words.map((word) => word.replace("/tmp", root)));

const ordeal = (...words: readonly string[]) => runOrdeal(words);

/** No file may grow beyond half a KiB: what a disk without space says, too, is an error of write. */
const withoutRoom = (...words: readonly string[]) =>
  run(["sh", "-c", 'ulimit -f 1; exec "$0" "$@"', process.execPath, MAIN, ...words]);

/** Runs the next line of the session, which begins with these words. */
async function next(...begin: readonly string[]): Promise<string> {
  const words = session.shift()!;
  expect(words.slice(0, begin.length)).toEqual([...begin]);
  const { out, err, code } = await ordeal(...words);
  expect(code, `${words.join(" ")}: ${err}`).toBe(0);
  return out;
}

const dir = join(root, "c");
const nodesOf = (of: string): ClusterRecord["nodes"] =>
  (JSON.parse(readFileSync(join(of, "cluster.json"), "utf8")) as ClusterRecord).nodes;

/** By whichever node answers. */
function colour(of: string, init?: RequestInit): Promise<string> {
  return until("the leader answers", WITHIN_MS, async () => {
    for (const { httpPort } of nodesOf(of)) {
      const url = `http://127.0.0.1:${httpPort}/kv/colour`;
      const response = await fetch(url, init).catch(() => null);
      if (response?.ok === true) return response.text();
    }
    return null;
  });
}

const logOf = (of: string, id: number): string =>
  readFileSync(join(of, `node-${id}`, "node.log"), "utf8");

function start(...words: readonly string[]): Subprocess<"ignore", "pipe", "pipe"> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  running.push(child);
  return child;
}

test(
  "safety: restart, backup, restore and recovery, as documented, on real processes",
  async () => {
    await next("cluster", "start");
    await colour(dir, { method: "PUT", body: "blue" });
    const pids = nodesOf(dir).map(({ pid }) => pid);
    await next("cluster", "restart", "--rolling");
    const after = nodesOf(dir).map(({ pid }) => pid);
    expect(after.filter((pid) => pids.includes(pid))).toEqual([]);
    // The leader had the last turn, and handed over; the others had nothing to hand over.
    const handed = [1, 2, 3].map((id) => /"handedOver":(\d)/.exec(logOf(dir, id))?.[1]);
    expect(handed.sort()).toEqual(["0", "0", "1"]);

    await next("cluster", "backup");
    await colour(dir, { method: "PUT", body: "green" });
    const backup = join(root, "monday.obak");
    const again = await ordeal("cluster", "backup", "--dir", dir, "--out", backup);
    expect([again.code, again.err]).toEqual([64, expect.stringContaining("the file exists")]);
    const late = join(root, "late.obak");
    const small = await withoutRoom("cluster", "backup", "--dir", dir, "--out", late);
    expect([small.code, small.err]).toEqual([64, expect.stringContaining("nothing is left of it")]);
    const full = await withoutRoom("cluster", "restore", backup, "--dir", join(root, "full"));
    expect([full.code, full.err]).toEqual([64, expect.stringContaining("nothing is left of the")]);
    const left = readdirSync(root).filter((name) => name.startsWith("late") || name === "full");
    expect(left).toEqual([]);
    const used = await ordeal("cluster", "restore", backup, "--dir", dir);
    expect([used.code, used.err]).toEqual([64, expect.stringContaining("is not empty")]);
    await next("cluster", "restore");
    await next("cluster", "start");
    const copy = join(root, "copy");
    expect(await colour(copy)).toBe("blue");
    await ordeal("cluster", "stop", "--dir", copy);

    const recover = ["cluster", "recover", "--dir", dir, "--survivor", "2"];
    const runs = await ordeal(...recover, "--yes-i-may-lose-data");
    expect([runs.code, runs.err]).toEqual([64, expect.stringContaining("the cluster runs")]);
    await next("cluster", "stop");
    const old = join(root, "old.json");
    writeFileSync(old, readFileSync(join(dir, "config.json")));
    cpSync(join(dir, "node-3"), join(root, "hand", "node-3"), { recursive: true });
    const unasked = await ordeal(...recover);
    expect([unasked.code, unasked.err]).toEqual([
      64,
      expect.stringContaining("THIS MAY LOSE DATA"),
    ]);
    await next("cluster", "recover");
    await next("cluster", "start");
    expect(await colour(dir)).toBe("green");
    // A node of the old cluster, at its old place.
    start("node", "--config", old, "--id", "1");
    await until("it is refused", WITHIN_MS, () => /refused: this is cluster/.test(logOf(dir, 1)));
    await next("cluster", "add");
    expect(session).toEqual([]);
    expect(nodesOf(dir).map(({ id }) => id)).toEqual([2, 4]);
    expect(await colour(dir)).toBe("green");
    await ordeal("cluster", "stop", "--dir", dir);

    // A survivor that was started by hand.
    const [peer, client, http] = freePorts(3);
    const own = ["node", "--id", "3", "--data-dir", join(root, "hand"), "--cluster", "old"];
    const at = ["--listen-peer", `127.0.0.1:${peer}`, "--listen-client", `127.0.0.1:${client}`];
    const forced = [...own, ...at, "--listen-http", `127.0.0.1:${http}`, "--force-new-cluster"];
    const bare = await ordeal(...forced);
    expect([bare.code, bare.err]).toEqual([64, expect.stringContaining("--yes-i-may-lose-data")]);
    const survivor = start(...forced, "--yes-i-may-lose-data");
    const found = await until("it leads alone", WITHIN_MS, async () => {
      const response = await fetch(`http://127.0.0.1:${http}/kv/colour`).catch(() => null);
      return response?.ok === true ? response.text() : null;
    });
    expect(found).toBe("green");
    survivor.kill("SIGTERM");
    expect(await survivor.exited).toBe(0);
    const twice = await ordeal(...forced, "--yes-i-may-lose-data");
    expect([twice.code, twice.err]).toEqual([64, expect.stringContaining("before")]);
  },
  TEST_MS,
);
