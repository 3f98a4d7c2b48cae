import { readFileSync } from "node:fs";

export { isAlive } from "../../runtime/testing/process.ts";

/** The children of `pid`, from the kernel's own list. Linux. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
