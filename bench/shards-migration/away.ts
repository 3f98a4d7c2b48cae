import { type History, OUTCOME_INFO, OUTCOME_OK } from "../../src/history/op.ts";
import { OP_GET } from "../../src/kv/command.ts";
import { shardOf } from "../../src/kv/shard-config.ts";

const utf8 = new TextEncoder();

/** A part of a history, in microseconds since the Unix epoch. */
export type Span = { readonly fromUs: number; readonly toUs: number };

/**
 * For each shard the longest time within the span in which none of its operations succeeded, in milliseconds:
 * as long as it was away, or longer, by as much as its operations are apart.
 */
export function awayMs(history: History, shards: number, { fromUs, toUs }: Span): number[] {
  const returns = Array.from({ length: shards }, () => [fromUs, toUs]);
  const shardOfKey = shardsOf(history, shards);
  for (let row = 0; row < history.count; row++) {
    const atUs = history.returnUs[row]!;
    if (history.outcome[row] !== OUTCOME_OK || atUs < fromUs || atUs > toUs) continue;
    returns[shardOfKey[history.key[row]!]!]!.push(atUs);
  }
  return returns.map((times) => {
    const sorted = times.sort((a, b) => a - b);
    const gaps = sorted.map((atUs, i) => atUs - (sorted[i - 1] ?? atUs));
    return gaps.reduce((longest, gap) => Math.max(longest, gap), 0) / 1000;
  });
}

/** What operations that began within the span took, in milliseconds; those without an answer are in `unknown`. */
export function operationsIn(
  history: History,
  { fromUs, toUs }: Span,
): { readonly tookMs: readonly number[]; readonly failed: number; readonly unknown: number } {
  const tookMs: number[] = [];
  let [failed, unknown] = [0, 0];
  for (let row = 0; row < history.count; row++) {
    const callUs = history.callUs[row]!;
    if (callUs < fromUs || callUs > toUs) continue;
    if (history.outcome[row] === OUTCOME_OK) tookMs.push((history.returnUs[row]! - callUs) / 1000);
    else if (history.outcome[row] === OUTCOME_INFO) unknown++;
    else failed++;
  }
  return { tookMs, failed, unknown };
}

/**
 * Keys that have not had exactly the puts that were acknowledged, in words: lost, or counted twice. Each was put
 * once before the history begins, only put to in it, and read at its end.
 */
export function miscounted(history: History, keys: number): readonly string[] {
  const { op, outcome, version } = history;
  const puts = new Map<number, { ok: number; maybe: number; read: number }>();
  for (let row = 0; row < history.count; row++) {
    const id = history.key[row]!;
    const key = puts.get(id) ?? { ok: 0, maybe: 0, read: -1 };
    puts.set(id, key);
    if (outcome[row] === OUTCOME_INFO && op[row] !== OP_GET) key.maybe++;
    if (outcome[row] !== OUTCOME_OK) continue;
    if (op[row] === OP_GET) key.read = version[row]!;
    else key.ok++;
  }
  const wrong = [...puts].flatMap(([id, { ok, maybe, read }]) => {
    const least = 1 + ok;
    if (read >= least && read <= least + maybe) return [];
    const counted = maybe === 0 ? `${least}` : `${least} to ${least + maybe}`;
    const said = read < 0 ? "could not be read" : `has version ${read}`;
    return [`${history.keys.name(id)} ${said}, was put ${counted} times`];
  });
  if (puts.size < keys) wrong.push(`${keys - puts.size} of ${keys} keys were not read`);
  return wrong;
}

const shardsOf = ({ keys }: History, shards: number): number[] =>
  Array.from({ length: keys.size }, (_, id) => shardOf(utf8.encode(keys.name(id)), shards));
