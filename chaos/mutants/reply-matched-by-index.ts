import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 55,
  name: "reply-matched-by-index",
  about: "A client is answered by the entry that lands at its index, whoever proposed it.",
  seenIn: "lab RestartSubmit",
  patches: [
    {
      file: "src/replica/replica.ts",
      find: `const head = this.#waiting[0];
    if (head === undefined || head.term !== term) return null;`,
      replace: `let head = this.#waiting[0];
    while (head !== undefined && head.firstIndex + head.answered < index) {
      this.#answers.waiting -= head.clients.length - head.answered;
      this.#waiting.shift();
      head = this.#waiting[0];
    }
    if (head === undefined) return null;`,
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
  detectors: ["LIN", "ORC", "RI"],
  arena: { kind: "sim" },
});
