import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 24,
  name: "follower-ack-before-fsync",
  about: "A follower acknowledges entries before they are durable.",
  seenIn: "etcd#12589",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "s.messagesAfterPersist.push(respond(s, leader, index, false",
      replace: "s.messages.push(respond(s, leader, index, false",
    },
  ],
  detectors: ["DUR", "QC", "LC"],
  arena: { kind: "sim" },
});
