import { defineFigureSuite } from "../../../bench/dsl.ts";

/** A suite of figures that fails, for the tests of `bench run`. */
export default defineFigureSuite({
  name: "broken",
  about: "Fails.",
  run: () => Promise.reject(new Error("the disk is made of cheese")),
});
