import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 1,
  name: "vote-no-fsync",
  about: "A granted vote is sent before it is durable.",
  seenIn: "raft.tla#5, camunda#5356",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "s.messagesAfterPersist.push(answer(s, m, granted, s.term));",
      replace: "s.messages.push(answer(s, m, granted, s.term));",
    },
  ],
  detectors: ["DUR", "VU", "ES"],
  arena: { kind: "sim" },
});
