import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordFile } from "../target/local-dir.ts";
import { localTarget } from "../target/local.ts";
import { until } from "../target/until.ts";
import { recordingsIn, replayFile, replayLines } from "./replay/recordings.ts";
import { planted, runOrdeal } from "./testing/ordeal.ts";

const TEST_MS = 120_000;
const WITHIN_MS = 30_000;

const dir = mkdtempSync(join(tmpdir(), "ordeal-replay-"));
const cluster = join(dir, "cluster");

/** Three recorded nodes: an election, some writes, a leader that is killed and comes back. */
beforeAll(async () => {
  const nodes = { nodes: 3, storage: "disk", faultyLinks: false } as const;
  const running = await localTarget.start({ ...nodes, dir: cluster, seed: 1, record: true });
  try {
    const config = JSON.parse(readFileSync(join(cluster, "config.json"), "utf8")) as {
      readonly nodes: readonly { readonly id: number; readonly httpPort: number }[];
    };
    const put = async (id: number, key: string): Promise<boolean> => {
      const { httpPort } = config.nodes.find((node) => node.id === id)!;
      const url = `http://127.0.0.1:${httpPort}/kv/${key}`;
      const answer = await fetch(url, { method: "PUT", body: "v" }).catch(() => null);
      return answer?.ok === true;
    };
    /** Some node takes it: the one that leads. */
    const write = (key: string): Promise<number> =>
      until(`${key} is written`, WITHIN_MS, async () => {
        for (const id of running.nodeIds) if (await put(id, key)) return id;
        return null;
      });
    for (let i = 0; i < 20; i++) await write(`k${i}`);
    const hit = await running.fault({ kind: "crash", nodes: { kind: "leader" } });
    expect(hit.nodes.length).toBe(1);
    await write("after");
    await running.recover();
    await write("recovered");
    expect(running.failures()).toEqual([]);
  } finally {
    await running.stop();
  }
}, TEST_MS);
afterAll(() => rmSync(dir, { recursive: true }));

test(
  "replay: what three real nodes did, one of them killed and restarted, comes out the same",
  async () => {
    const files = await recordingsIn(cluster);
    expect(files).toEqual([1, 2, 3].map((id) => recordFile(cluster, id)));
    const replays = await Promise.all(files.map(replayFile));
    for (const replay of replays) {
      expect(replayLines(replay)[0]).toContain("replays identically");
      expect(replay.inputs).toBeGreaterThan(10);
    }
    expect(replays.map(({ starts }) => starts).sort()).toEqual([1, 1, 2]);
  },
  TEST_MS,
);

test(
  "replay: another core than the one recorded differs, and the first such input is named",
  async () => {
    const find = "const needed = (count >> 1) + 1;";
    const patch = { file: "src/raft/quorum.ts", find, replace: "const needed = count;" };
    const env = await planted([patch], join(dir, "plant.json"));
    const { code, out, err } = await runOrdeal(["replay", cluster], env);
    expect(code, out + err).toBe(2);
    expect(out).toMatch(/differs at input \d+ \(start 1, /);
  },
  TEST_MS,
);

test(
  "replay: a damaged recording, and a directory without any, are the caller's mistakes",
  async () => {
    const bytes = readFileSync(recordFile(cluster, 1));
    bytes[100] = bytes[100]! ^ 1;
    const damaged = join(dir, "damaged.bin");
    writeFileSync(damaged, bytes);
    const { code, err } = await runOrdeal(["replay", damaged]);
    expect(code).toBe(64);
    expect(err).toContain("the chunk at byte 0 is damaged");
    expect(recordingsIn(join(cluster, "nowhere"))).rejects.toThrow("no such file");
    expect(recordingsIn(import.meta.dir)).rejects.toThrow("no node of it recorded");
  },
  TEST_MS,
);
