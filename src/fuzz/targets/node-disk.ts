import { MemoryDisk } from "../../storage/memory-disk.ts";
import { openNode, Script } from "../../storage/testing/node-data.ts";

/** The files of a node that wrote some records of two groups, and snapshots of both. */
export function writtenFiles(steps: number): ReadonlyMap<string, Uint8Array> {
  const disk = new MemoryDisk();
  const node = openNode(disk, (error) => {
    throw error;
  });
  new Script(node, () => disk.settle()).run(steps);
  return disk.files;
}
