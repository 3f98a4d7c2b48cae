import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { readLines } from "../../src/target/json-lines.ts";
import type { FullNode } from "./full-node.ts";
import { ownCommand } from "../../src/runtime/self.ts";

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
    const node = Bun.spawn(
      ownCommand("ordeal", ["node", "--config", configFile, "--id", "1", "--parent-pipe"]),
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const { done } = await readLines(node.stdout).next();
    seconds.push((performance.now() - from) / 1000);
    node.kill("SIGKILL");
    await node.exited;
    if (done === true) throw new Error("the node ended before it was ready");
  }
  const [low, high] = [0, 1].map((q) => percentile(seconds, q).toFixed(2));
  const note = `process start included; median of ${seconds.length} from ${low} to ${high} s`;
  const goal = goalS === null ? null : { atMost: goalS };
  return figure(`restart to ready with ${data}`, median(seconds), "s", { goal, note });
}
