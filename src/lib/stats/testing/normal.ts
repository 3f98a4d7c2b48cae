import type { Prng } from "../../prng.ts";

/** A draw of the standard normal distribution (Box and Muller 1958). */
export const normal = (prng: Prng): number =>
  Math.sqrt(-2 * Math.log(1 - prng.float())) * Math.cos(2 * Math.PI * prng.float());
