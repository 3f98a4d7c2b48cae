import type { Restored } from "../raft/api.ts";
import { lastIndexOf } from "../raft/batch.ts";
import { NO_NODE } from "../lib/ids.ts";
import { violated } from "./violation.ts";
import type { Watched } from "./watched.ts";

/**
 * What a node finds on its disk must be all that its log called durable, and beyond that the first so
 * many of the writes that were under way when it went down, whole: nothing else, and nothing changed.
 * Takes those writes for durable. `hashOf`: of the committed log up to an index.
 */
export function checkSurvived(
  node: Watched,
  found: Restored,
  hashOf: (index: number) => number,
): void {
  const before = describe(node);
  const { writes } = node;
  for (let kept = 0; !isSame(node, found, hashOf); kept++) {
    const write = writes[kept];
    if (write === undefined) {
      const { id } = node;
      violated("DUR", `node ${id} finds ${describeFound(found)} on its disk`, [
        `durable was ${before}`,
        `with all that was under way it would be ${describe(node)}`,
      ]);
    }
    if (write.hardState !== null) node.hardState = write.hardState;
    if (write.snapshot !== null) {
      const { lastIndex, lastTerm } = write.snapshot;
      node.durable.install(lastIndex, hashOf(lastIndex), lastTerm);
    }
    if (write.marks !== null) node.durable.put(write.marks);
  }
}

function isSame(node: Watched, found: Restored, hashOf: (index: number) => number): boolean {
  const { hardState, durable } = node;
  const { snapshot, batches } = found;
  // A leader's snapshot may be durable before the term in which it came.
  const isOlder = snapshot !== null && snapshot.lastTerm > hardState.term;
  const { term, votedFor } = isOlder ? { term: snapshot.lastTerm, votedFor: NO_NODE } : hardState;
  if (found.hardState.term !== term || found.hardState.votedFor !== votedFor) return false;
  const last = lastIndexIn(found);
  const isReplaced =
    snapshot !== null && durable.hashAt(snapshot.lastIndex) !== hashOf(snapshot.lastIndex);
  if (isReplaced) return last === snapshot.lastIndex;
  if (last !== durable.lastIndex) return false;
  if (batches.length === 0) return true;
  return durable.marksOf(batches).hashes.at(-1) === durable.hashAt(last);
}

export const lastIndexIn = ({ snapshot, batches }: Restored): number => {
  const last = batches.at(-1);
  return Math.max(snapshot?.lastIndex ?? 0, last === undefined ? 0 : lastIndexOf(last));
};

const describe = ({ hardState: { term, votedFor }, durable }: Watched): string =>
  `term ${term}, vote ${votedFor}, log up to ${durable.lastIndex}@${durable.termAt(durable.lastIndex)}`;

function describeFound(found: Restored): string {
  const { term, votedFor } = found.hardState;
  return `term ${term}, vote ${votedFor}, log up to ${lastIndexIn(found)}@${lastTermOf(found)}`;
}

const lastTermOf = ({ batches, snapshot }: Restored): number =>
  batches.at(-1)?.term ?? snapshot?.lastTerm ?? 0;
