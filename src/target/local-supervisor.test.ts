import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { loadConfig } from "../runtime/config.ts";
import { configFile, newConfig, prepareDir, writeConfig } from "./local-dir.ts";
import { LocalSupervisor } from "./local-supervisor.ts";
import { isAlive } from "./testing/processes.ts";
import { until } from "./until.ts";

const WITHIN_MS = 20_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-supervisor-"));
afterAll(() => rmSync(root, { recursive: true }));

const options = (name: string) => ({
  nodes: 2,
  storage: "disk" as const,
  dir: join(root, name),
  faultyLinks: true,
  seed: 1,
});

test("LocalSupervisor: a port that is taken while the nodes start leads to other ports", async () => {
  const before = newConfig(options("ports"), prepareDir(options("ports")));
  writeConfig(before);
  const starting = LocalSupervisor.start(options("ports"));
  // The ports have been chosen, and the nodes are still to come: the proxy starts first.
  const port = before.nodes[1]!.clientPort;
  const taken = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
  const supervisor = await starting;
  taken.stop(true);
  expect(supervisor.config.clusterId).toBe(before.clusterId);
  expect(supervisor.config.nodes[1]!.clientPort).not.toBe(port);
  await supervisor.stop();
  expect(supervisor.failures).toEqual([]);
});

test("LocalSupervisor: so it does in a new directory, where some nodes have begun by then", async () => {
  for (let attempt = 1; ; attempt++) {
    const fresh = { ...options(`fresh-${attempt}`), faultyLinks: false };
    const starting = LocalSupervisor.start(fresh);
    // Written before the first node is started; nothing else has run since.
    await until("a config", WITHIN_MS, () => existsSync(configFile(fresh.dir)), 0);
    const { clusterId, nodes } = loadConfig(configFile(fresh.dir));
    const port = nodes[1]!.clientPort;
    const taken = listen(port);
    const supervisor = await starting;
    taken?.stop(true);
    await supervisor.stop();
    expect(supervisor.config.clusterId).toBe(clusterId);
    expect(supervisor.failures).toEqual([]);
    if (taken === null && attempt < 5) continue; // The node was faster than we were.
    expect(supervisor.config.nodes[1]!.clientPort).not.toBe(port);
    return;
  }
});

/** Null: somebody else listens there. */
function listen(port: number): { stop(force: boolean): void } | null {
  try {
    return Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
  } catch {
    return null;
  }
}

test("LocalSupervisor: a node that refuses its data fails the start; nothing is left running", async () => {
  const supervisor = await LocalSupervisor.start(options("mixed"));
  const pids = supervisor.nodeIds.map((id) => supervisor.nodes.pid(id));
  await supervisor.stop();
  expect(pids.filter(isAlive)).toEqual([]);
  // The same data under the name of another cluster.
  writeConfig({ ...supervisor.config, clusterId: "another" });
  const start = LocalSupervisor.start(options("mixed"));
  await expect(start).rejects.toThrow(UserError);
  await expect(start).rejects.toThrow("another");
});
