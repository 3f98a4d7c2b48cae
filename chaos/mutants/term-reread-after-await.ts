import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 10,
  name: "term-reread-after-await",
  about: "An answer that waited for the disk leaves with the term of when it leaves.",
  seenIn: "hashicorp#695",
  patches: [
    {
      file: "src/replica/replica.ts",
      find: "for (const message of this.#held.shift()!.messages) this.#ports.send(message);",
      replace: `const { term } = this.#raft.status();
      for (const message of this.#held.shift()!.messages) {
        this.#ports.send(message.kind === "voteRequest" ? message : { ...message, term });
      }`,
    },
  ],
  detectors: ["DUR", "LM", "SMS", "ES", "QC", "LC"],
  arena: { kind: "sim" },
});
