import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 56,
  name: "pending-leak",
  about: "A leader that steps down forgets those who wait for an answer.",
  seenIn: "openraft 43dd8b6f",
  patches: [
    {
      file: "src/replica/replica.ts",
      find: "for (const batch of this.#waiting) {",
      replace: "for (const batch of [] as Waiting[]) {",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "sim" },
});
