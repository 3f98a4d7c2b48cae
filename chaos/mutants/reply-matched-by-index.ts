import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 55,
  name: "reply-matched-by-index",
  about: "A client is answered by the entry that lands at its index, whoever proposed it.",
  seenIn: "lab RestartSubmit",
  patches: [
    {
      file: "src/replica/replica.ts",
      find: "if (head === undefined || head.term !== term) return null;",
      replace: "if (head === undefined) return null;",
    },
    {
      file: "src/replica/replica.ts",
      find: "for (const batch of this.#waiting) {",
      replace: "for (const batch of [] as Waiting[]) {",
    },
    {
      file: "src/replica/replica.ts",
      find: "this.#waiting.length = 0;",
      replace: "",
    },
  ],
  detectors: ["LIN", "ORC"],
  arena: { kind: "sim" },
});
