import { defineFigureSuite } from "../src/bench/dsl.ts";
import { fileFigures } from "./check/file.ts";
import { publicFigures } from "./check/public-data.ts";
import { rowFigures } from "./check/rows.ts";

/** The checker on synthetic and public histories: time when warm, peak memory, right verdicts. */
export default defineFigureSuite({
  name: "check",
  about:
    "The checker: time to a verdict with a verified witness or core, peak memory, public histories, and from a file to its verdict.",
  run: async (context) => [
    ...(await rowFigures(context)),
    ...(await publicFigures(context)),
    ...(await fileFigures(context)),
  ],
});
