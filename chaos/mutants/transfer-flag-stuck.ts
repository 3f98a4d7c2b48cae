import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 54,
  name: "transfer-flag-stuck",
  about: "A transfer that came to nothing is never given up, and proposals stay refused.",
  seenIn: "hashicorp#696",
  patches: [
    {
      file: "src/raft/transfer.ts",
      find: `if (s.now >= giveUpAt) return giveUpTransfer(s, "it took too long");`,
      replace: "if (s.now >= giveUpAt) return;",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "sim", episodes: ["transfer", "isolate"], config: { transferTimeoutMs: 100 } },
});
