import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { members } from "./local-members.ts";
import { restartRolling } from "./local-rolling.ts";
import { LocalSupervisor } from "./local-supervisor.ts";

const TEST_MS = 120_000;
const root = mkdtempSync(join(tmpdir(), "ordeal-rolling-"));
const supervisors: LocalSupervisor[] = [];
afterAll(async () => {
  for (const supervisor of supervisors) await supervisor.stop();
  rmSync(root, { recursive: true });
});

async function start(name: string, storage: "disk" | "memory"): Promise<LocalSupervisor> {
  const dir = join(root, name);
  const supervisor = await LocalSupervisor.start({
    ...{ nodes: 3, storage, dir, faultyLinks: false, seed: 1 },
  });
  supervisors.push(supervisor);
  return supervisor;
}

test(
  "rolling restart: it stops at a node that does not come back, and says how to go on",
  async () => {
    const supervisor = await start("stops", "disk");
    const { leader } = await members(supervisor);
    const [first, second] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
    const marker = join(root, "stops", `node-${second}`, "identity.json");
    const sound = readFileSync(marker, "utf8");
    writeFileSync(marker, JSON.stringify({ clusterId: "another", nodeId: second }));
    const pids = [first, second, leader].map((id) => supervisor.nodes.pid(id));
    const failed = restartRolling(supervisor, supervisor.nodeIds);
    await expect(failed).rejects.toThrow(`the rolling restart stopped at node ${second}`);
    const said = await failed.catch((error: Error) => error.message);
    expect(said).toContain("belongs to node");
    expect(said).toContain(`restarted before it: ${first}; left alone: ${leader}`);
    expect(said).toContain(`--nodes ${second},${leader}`);
    expect(supervisor.nodes.pid(first)).not.toBe(pids[0]!);
    expect(supervisor.nodes.pid(leader)).toBe(pids[2]!);

    // It goes on only once the cluster is whole again.
    await expect(restartRolling(supervisor, [leader], 50)).rejects.toThrow(
      `nothing was restarted: node ${second} does not answer`,
    );
    writeFileSync(marker, sound);
    await supervisor.nodes.restart([second]);
    await restartRolling(supervisor, [second, leader]);
    expect(supervisor.nodes.pid(leader)).not.toBe(pids[2]!);
    expect((await members(supervisor)).leader).not.toBe(leader);
  },
  TEST_MS,
);

test(
  "rolling restart: nodes with their data in memory are left alone",
  async () => {
    const supervisor = await start("memory", "memory");
    await expect(restartRolling(supervisor, supervisor.nodeIds)).rejects.toThrow("would forget");
  },
  TEST_MS,
);
