import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import type { NodeConfigFile } from "../../src/runtime/config.ts";
import { freePorts } from "../../src/runtime/free-ports.ts";
import { readLines } from "../../src/target/json-lines.ts";
import { ownCommand } from "../../src/runtime/self.ts";

const RUNS = 15;
const GOAL_MS = 150;

/** From the start of the process `ordeal node` on an empty directory until it says that it is ready. */
export async function readyFigure({ dir, quick, progress }: FigureContext): Promise<Figure> {
  progress("starts of a node on an empty directory");
  const samples: number[] = [];
  for (let run = 0; run < (quick ? 1 : RUNS); run++) {
    samples.push(await startOnce(`${dir}/ready-${run}`));
  }
  const [low, high] = [0, 1].map((q) => percentile(samples, q).toFixed(0));
  return figure("node start to ready, empty directory", median(samples), "ms", {
    goal: { atMost: GOAL_MS },
    note: `ordeal node, process start included; median of ${samples.length} from ${low} to ${high} ms`,
  });
}

async function startOnce(dataDir: string): Promise<number> {
  const [peerPort, clientPort, httpPort] = freePorts(3) as [number, number, number];
  const config: NodeConfigFile = {
    clusterId: "footprint",
    nodes: [{ id: 1, host: "127.0.0.1", peerPort, clientPort, httpPort }],
    dataDir,
    storage: "disk",
  };
  mkdirSync(dataDir, { recursive: true });
  const configFile = join(dataDir, "cluster.json");
  writeFileSync(configFile, JSON.stringify(config));
  const from = performance.now();
  const node = Bun.spawn(
    ownCommand("ordeal", ["node", "--config", configFile, "--id", "1", "--parent-pipe"]),
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const { done } = await readLines(node.stdout).next();
  const tookMs = performance.now() - from;
  node.kill("SIGKILL");
  await node.exited;
  if (done === true) throw new Error("the node ended before it was ready");
  return tookMs;
}
