import { evidence } from "../check/describe.ts";
import type { History } from "../history/op.ts";
import { OP_GET } from "../kv/command.ts";
import { clock, count } from "../report/format.ts";
import type { LostAcks } from "./lost-acks.ts";

/** The file beside a report that names every lost write. */
export const LOST_WRITES_FILE = "lost-writes.txt";
const LINES_MAX = 100_000;

/**
 * Every acknowledged write that is gone, by name, a line each, with the operation that proves it: a
 * later read that shows an older version, or another write that was acknowledged at the same place
 * in the order of all (then one of the two is gone). Times count from `startedUs`.
 */
export function lostWritesText(history: History, { lost }: LostAcks, startedUs: number): string {
  const lines = lost.slice(0, LINES_MAX).map(([write, against]) => {
    const [gone, proof] = evidence(history, [write, against]);
    const at = clock((gone?.returnUs ?? 0) - startedUs);
    const isRead = history.op[against] === OP_GET;
    const why = isRead
      ? `but ${proof?.text} (client ${proof?.process})`
      : `as write ${history.index[write]}, and so was ${proof?.text} (client ${proof?.process})`;
    return `${gone?.text} (client ${gone?.process}), acknowledged at ${at} ${why}`;
  });
  const rest = lost.length - lines.length;
  return `${[...lines, ...(rest > 0 ? [`and ${count(rest)} more`] : [])].join("\n")}\n`;
}
