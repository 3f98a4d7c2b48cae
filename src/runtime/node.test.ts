import { afterEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeConfigFile } from "./config.ts";
import { clusterConfig, tempDir } from "./testing/cluster.ts";
import { isAlive } from "./testing/process.ts";
import { until } from "./testing/until.ts";

const DIR = JSON.stringify(import.meta.dir);
/** Runs node argv[2] of the config at argv[1], as `ordeal node` does. */
const NODE_PROGRAM = `
  const { loadConfig } = await import(${DIR} + "/config.ts");
  const { runNode } = await import(${DIR} + "/node.ts");
  const [, config, id] = process.argv;
  await runNode({ config: loadConfig(config), id: Number(id), parentPipe: true });`;

const WITHIN_MS = 30_000;
const TEST_MS = 120_000;

const pids: number[] = [];
const dirs: { remove(): void }[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  for (const dir of dirs.splice(0)) dir.remove();
});

function newConfig(size: number, storage: "disk" | "memory") {
  const dir = tempDir();
  dirs.push(dir);
  const config = clusterConfig(size, dir.path, storage);
  const path = join(dir.path, "cluster.json");
  writeFileSync(path, JSON.stringify(config));
  return { config, path };
}

/** Starts a node process and resolves with its ready line. */
async function startNode(configPath: string, id: number) {
  const child = Bun.spawn([process.execPath, "-e", NODE_PROGRAM, configPath, String(id)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
  });
  pids.push(child.pid);
  const { value } = await child.stdout.getReader().read();
  const ready = JSON.parse(new TextDecoder().decode(value)) as Record<string, unknown>;
  return { child, ready };
}

type Status = { id: number; role: string; leaderId: number; term: number; appliedIndex: number };

async function statusOf(config: NodeConfigFile, id: number): Promise<Status> {
  const { host, httpPort } = config.nodes.find((node) => node.id === id)!;
  return (await (await fetch(`http://${host}:${httpPort}/status`)).json()) as Status;
}

/** The leader that all of `ids` follow, and its term. */
async function leaderOf(config: NodeConfigFile, ids: readonly number[]): Promise<Status> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const all = await Promise.all(ids.map((id) => statusOf(config, id)));
    const leader = all.find((status) => status.role === "leader");
    if (leader && all.every((status) => status.leaderId === leader.id)) return leader;
    if (performance.now() > deadline) throw new Error(`no leader: ${JSON.stringify(all)}`);
  }
}

/**
 * Puts or gets "k" by whichever of these nodes leads: on a machine that is slow enough another one may
 * at any time.
 */
async function k(config: NodeConfigFile, ids: readonly number[], init?: RequestInit) {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const { id } = await leaderOf(config, ids);
    const { host, httpPort } = config.nodes.find((node) => node.id === id)!;
    const response = await fetch(`http://${host}:${httpPort}/kv/k`, init);
    if (response.ok) return response.text();
    if (performance.now() > deadline) throw new Error(await response.text());
  }
}

test(
  "node process: the leader of three is killed; another leads, and nothing is lost",
  async () => {
    const { config, path } = newConfig(3, "disk");
    const nodes = await Promise.all([1, 2, 3].map((id) => startNode(path, id)));
    nodes.forEach(({ child, ready }, i) => {
      expect(ready).toMatchObject({ ready: true, pid: child.pid, ...portsOf(config, i + 1) });
    });
    await k(config, [1, 2, 3], { method: "PUT", body: "v" });
    const first = await leaderOf(config, [1, 2, 3]);
    nodes[first.id - 1]!.child.kill("SIGKILL");
    await nodes[first.id - 1]!.child.exited;

    const rest = [1, 2, 3].filter((id) => id !== first.id);
    const second = await leaderOf(config, rest);
    expect(second.term).toBeGreaterThan(first.term);
    expect(await k(config, rest)).toBe("v");

    await startNode(path, first.id);
    const third = await leaderOf(config, [1, 2, 3]);
    expect(third.term).toBeGreaterThanOrEqual(second.term);
    expect(await k(config, [1, 2, 3])).toBe("v");

    const events = logLines(config, second.id).filter((line) => line["event"] === "becameLeader");
    expect(events.map((line) => line["term"])).toContain(second.term);
    for (const { time } of events) {
      expect(Math.abs(Number(time) - Date.now())).toBeLessThan(10 * 60_000);
    }
  },
  TEST_MS,
);

test("node process: SIGTERM and SIGINT end it in order, with exit code 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const { config, path } = newConfig(1, "disk");
    const { child } = await startNode(path, 1);
    child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(logLines(config, 1).at(-1)).toMatchObject({ event: "stopped" });
  }
});

test("node process: the end of its stdin ends it at once", async () => {
  const { path } = newConfig(1, "memory");
  const { child } = await startNode(path, 1);
  await child.stdin.end();
  expect(await child.exited).not.toBe(0);
});

test.if(process.platform === "linux")(
  "node process: a follower that was stopped for long does not disturb the leader",
  async () => {
    const { config, path } = newConfig(3, "memory");
    const nodes = await Promise.all([1, 2, 3].map((id) => startNode(path, id)));
    // A machine that is slow enough deposes a leader now and then; a follower that disturbs it
    // does so every time.
    for (let attempt = 1; ; attempt++) {
      const before = await leaderOf(config, [1, 2, 3]);
      const follower = before.id === 1 ? 2 : 1;
      nodes[follower - 1]!.child.kill("SIGSTOP");
      // Longer than any election timeout: its timer is due when it wakes up.
      const wake = performance.now() + 600;
      await until("the election timeout has passed", () => performance.now() > wake);
      nodes[follower - 1]!.child.kill("SIGCONT");
      await k(config, [1, 2, 3], { method: "PUT", body: "v" });
      const after = await leaderOf(config, [1, 2, 3]);
      if (attempt < 5 && after.term !== before.term) continue;
      expect({ id: after.id, term: after.term }).toEqual({ id: before.id, term: before.term });
      const changes = logLines(config, follower).filter((line) => line["event"] === "termChanged");
      expect(changes.filter(({ term }) => Number(term) > before.term)).toEqual([]);
      return;
    }
  },
  TEST_MS,
);

function portsOf(config: NodeConfigFile, id: number) {
  const { host: _, ...rest } = config.nodes[id - 1]!;
  return rest;
}

function logLines(config: NodeConfigFile, id: number): Record<string, unknown>[] {
  const text = readFileSync(join(config.dataDir, `node-${id}`, "node.log"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
