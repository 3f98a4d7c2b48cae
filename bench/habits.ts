import { defineFigureSuite } from "../src/bench/dsl.ts";
import { byteFigures } from "./habits/bytes.ts";
import { lookUpFigure } from "./habits/look-ups.ts";
import { syncFigures } from "./habits/syncs.ts";

/** The habits that the hot path of a node relies on, each against what one would write otherwise. */
export default defineFigureSuite({
  name: "habits",
  about:
    "Habits of the hot path against their alternatives: copies, lazy messages, look-ups ahead, syncs that are waited for. Below 1 the habit wins.",
  run: async (context) => [
    ...(await byteFigures(context)),
    await lookUpFigure(context),
    ...(await syncFigures(context)),
  ],
});
