import { defineFigureSuite } from "../src/bench/dsl.ts";
import { Prng } from "../src/lib/prng.ts";
import { codecTasks } from "./micro/codec.ts";
import { judgingTasks } from "./micro/judging.ts";
import { logTasks } from "./micro/log.ts";
import { recordingTasks } from "./micro/recording.ts";
import { microFigures } from "./micro/tasks.ts";

/** The parts that every operation, or every event of a simulation, goes through. */
export default defineFigureSuite({
  name: "micro",
  about:
    "Nanoseconds a call of the codecs, the log, the WAL without a disk, the checker, the simulator, histograms, and of recording an operation.",
  run: async (context) => {
    const prng = new Prng(context.seed);
    return microFigures(
      [
        ...recordingTasks(prng.fork("recording")),
        ...codecTasks(prng.fork("codec")),
        ...logTasks(prng.fork("log")),
        ...judgingTasks(context.seed),
      ],
      context,
    );
  },
});
