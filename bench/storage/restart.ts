import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { LocalChild } from "../../src/target/local-child.ts";
import type { FullNode } from "./full-node.ts";

const RUNS = 7;

/** From the start of a node's process to its ready line, after a SIGKILL. */
export async function restartFigure(
  { quick, progress }: FigureContext,
  { configFile }: FullNode,
  data: string,
  goalS: number | null,
): Promise<Figure> {
  const seconds: number[] = [];
  for (let run = 1; run <= (quick ? 1 : RUNS); run++) {
    progress(`restart with ${data}, run ${run}`);
    const from = performance.now();
    const args = ["node", "--config", configFile, "--id", "1", "--parent-pipe"];
    const node = new LocalChild("node 1", args);
    await node.nextLine();
    seconds.push((performance.now() - from) / 1000);
    await node.kill();
  }
  const [low, high] = [0, 1].map((q) => percentile(seconds, q).toFixed(2));
  const note = `process start included; median of ${seconds.length} from ${low} to ${high} s`;
  const goal = goalS === null ? null : { atMost: goalS };
  return figure(`restart to ready with ${data}`, median(seconds), "s", { goal, note });
}
