import { defineFigureSuite } from "../src/bench/dsl.ts";
import { idleFigure } from "./footprint/idle.ts";
import { memoryFigures } from "./footprint/memory.ts";
import { openLoopFigures } from "./footprint/open-loop.ts";
import { readyFigure } from "./footprint/ready.ts";

/** What a cluster costs beside its throughput, with the goals of docs/bench.md ("Speed"). */
export default defineFigureSuite({
  name: "footprint",
  about:
    "Processor time of an idle cluster, start of a node, pauses under a steady load with snapshots, and memory with a million keys.",
  run: async (context) => [
    await idleFigure(context),
    await readyFigure(context),
    ...(await openLoopFigures(context)),
    ...(await memoryFigures(context)),
  ],
});
