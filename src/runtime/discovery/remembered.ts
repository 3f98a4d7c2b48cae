import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diskPort } from "../disk.ts";
import type { NodeAddress, NodeConfigFile } from "../config.ts";
import { writeSmallFile } from "../small-file.ts";

/**
 * What a node without a cluster file keeps of its cluster, in its own directory. The first voters must be
 * the same for ever, whatever flags and sources say later; the addresses let it find the others again
 * when the source tells of none.
 */
export type Remembered = Pick<NodeConfigFile, "clusterId" | "sharding" | "raft"> & {
  readonly firstVoters: readonly number[];
  readonly nodes: readonly NodeAddress[];
};

const FILE = "nodes.json";

/** null: nothing yet. */
export function readRemembered(dir: string): Remembered | null {
  const path = join(dir, FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Remembered) : null;
}

export const writeRemembered = (dir: string, remembered: Remembered): void =>
  writeSmallFile(diskPort(), dir, FILE, remembered);
