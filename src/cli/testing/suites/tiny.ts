import { defineFigureSuite, figure } from "../../../bench/dsl.ts";
import { nsPerCall } from "../../../bench/measure.ts";
import { median } from "../../../lib/stats.ts";

/** A suite of figures that takes no time, for the tests of `bench run`. */
export default defineFigureSuite({
  name: "tiny",
  about: "Three figures: one meets its goal, one misses it, one has none.",
  run: async ({ dir, seed, quick, progress }) => {
    progress("counting");
    await Bun.write(`${dir}/scratch`, "scratch");
    const options = { warmupMs: 1, sampleMs: 1, samples: 3 };
    const ns = median(nsPerCall((i) => i * seed, options));
    return [
      figure("a multiplication", ns, "ns", { goal: { atMost: 1e9 }, note: "of 3 samples" }),
      figure("what cannot be", 1, "MiB/s", { goal: { atLeast: 2 } }),
      figure(quick ? "quick" : "in full", seed, "count"),
    ];
  },
});
