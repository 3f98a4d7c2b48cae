import { readOnlyDisk } from "../../runtime/read-only-disk.ts";
import { ownerOf } from "../../storage/inspect.ts";
import { type Verification, verifyNode } from "../../storage/inspect-node.ts";
import { type NodeDir, nodeDir, runningNote, whileItRuns } from "./node-dir.ts";

const EXIT_DAMAGED = 2;
const ATTEMPTS = 5;

/** Checks all that a node's directory holds, prints what is wrong, and sets the exit code. */
export function verifyDirectory(given: string, json: boolean): void {
  const dir = nodeDir(given);
  const port = readOnlyDisk();
  const found = verify(dir);
  const { damage, torn, records, snapshots } = found;
  const sound = damage.length === 0;
  if (!sound) process.exitCode = EXIT_DAMAGED;
  if (json) {
    const tornBytes = torn.reduce((sum, { from, to }) => sum + to - from, 0);
    const document = {
      ...{ dir: dir.dir, runningPid: dir.pid, owner: ownerOf(port, dir.wal), sound, damage },
      ...{ torn, tornBytes, records: sound ? records : null, snapshots: snapshots.snapshots },
    };
    return console.log(JSON.stringify(document, null, 2));
  }
  console.log([...lines(dir, found), ...runningNote(dir)].join("\n"));
}

/**
 * A log that is written while it is read may look damaged: a record is missed, the next one seen. What
 * is seen twice at one place, while the log goes on, is there.
 */
function verify(dir: NodeDir): Verification {
  const port = readOnlyDisk();
  let before = "";
  for (let attempt = 1; ; attempt++) {
    const found = whileItRuns(dir, () => verifyNode(port, dir));
    const seen = JSON.stringify(found.damage);
    const settled = found.damage.length === 0 || dir.pid === null || seen === before;
    if (settled || attempt === ATTEMPTS) return found;
    before = seen;
  }
}

function* lines(
  dir: NodeDir,
  { damage, torn, records, snapshots }: Verification,
): Iterable<string> {
  const sound = damage.length === 0;
  yield sound ? `sound: ${dir.dir}` : `damaged: ${dir.dir}`;
  for (const { where, what, fix } of damage) yield `  ${where}: ${what}\n    fix: ${fix}`;
  if (sound) yield `  ${records} records, every checksum right`;
  for (const { path, from, to } of torn) {
    yield `  torn tail: ${to - from} bytes at ${path} offset ${from}; never acknowledged, cut when the node starts`;
  }
  for (const { file, meta, chunks, checksum, problem } of snapshots.snapshots) {
    if (problem !== null) continue;
    yield `  ${file}: up to entry ${meta?.lastIndex}, ${chunks} chunks, every checksum right (${checksum})`;
  }
}
