import { mkdir } from "node:fs/promises";
import { checkFigures, type Figure } from "../../bench/dsl.ts";
import { findSuites } from "../../bench/suites.ts";
import { UserError } from "../../lib/user-error.ts";
import { dieWithParent } from "../../runtime/parent.ts";

export type MeasureArgs = {
  readonly name: string;
  readonly dir: string;
  readonly seed: number;
  readonly quick: boolean;
};

/** What the process says on its standard output: one line, at the end. */
export type FigureOutcome = { readonly figures: readonly Figure[] };

/**
 * The process that `bench run` starts for a suite of figures: progress on standard error, the figures
 * on standard output. Ends with its parent.
 */
export async function measureFigures({ name, dir, seed, quick }: MeasureArgs): Promise<void> {
  dieWithParent();
  // A terminal's Ctrl-C is for the process that started this one, and that one ends us.
  process.on("SIGINT", () => {});
  const [suite] = await findSuites([name]);
  if (suite?.kind !== "figures") {
    const fix = "name a suite of figures";
    throw new UserError("cannot measure", [{ where: name, what: "is a suite of loads", fix }]);
  }
  await mkdir(dir, { recursive: true });
  const figures = await suite.run({
    dir,
    seed,
    quick,
    progress: (what) => console.error(`  ${what} …`),
  });
  const outcome: FigureOutcome = { figures: checkFigures(name, figures) };
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
}
