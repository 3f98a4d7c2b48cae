import { defineFigureSuite, type Figure, type FigureContext } from "../src/bench/dsl.ts";
import { appendFigures } from "./storage/append.ts";
import { VALUE_BYTES, writeFullNode } from "./storage/full-node.ts";
import { groupCommitFigures } from "./storage/group-commit.ts";
import { recoveryFigures } from "./storage/recovery.ts";
import { restartFigure } from "./storage/restart.ts";
import { pauseFigures } from "./storage/snapshot-pause.ts";

const KEYS = 1_000_000;
const KEYS_QUICK = 20_000;
const READY_GOAL_S = 1;

/** The log and the snapshots of a node against what the disk itself takes, and against their goals. */
export default defineFigureSuite({
  name: "storage",
  about:
    "The write-ahead log against a bare write + fdatasync, group commit, recovery, what a snapshot costs the event loop, and restarts.",
  run: async (context) => [
    ...(await appendFigures(context)),
    ...(await groupCommitFigures(context)),
    ...(await recoveryFigures(context)),
    ...(await nodeFigures(context)),
  ],
});

async function nodeFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { dir, quick, progress } = context;
  const keys = quick ? KEYS_QUICK : KEYS;
  const state = `${keys.toLocaleString("en-US")} keys of ${VALUE_BYTES} B`;
  progress("writing the data of a node");
  const small = await writeFullNode(`${dir}/small`, 1);
  const full = await writeFullNode(`${dir}/full`, keys);
  const restarts = [
    await restartFigure(context, small, "an empty state", READY_GOAL_S),
    await restartFigure(context, full, `a snapshot of ${state}`, null),
  ];
  return [...(await pauseFigures(context, full, keys)), ...restarts];
}
