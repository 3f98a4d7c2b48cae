import { type History, OUTCOME_INFO, OUTCOME_OK } from "../history/op.ts";
import { OP_DELETE, OP_GET } from "../kv/command.ts";
import type { FirstAck } from "./failovers.ts";

export type LostAcks = {
  /** Row numbers that prove a loss: the acknowledged write, then what contradicts it. */
  readonly lost: readonly (readonly [number, number])[];
  /** Keys with an acknowledged write that no get after the last of them vouches for. */
  readonly unread: readonly number[];
  readonly acknowledged: number;
};

/** From here on an index is of a shard: it has the number of a config in its upper word (kv/shard-kv.ts). */
const SHARD_INDEX_MIN = 2 ** 32;

/**
 * Looks for acknowledged writes that are gone: an independent and much cheaper question than
 * linearizability. For each key the last get, invoked after every acknowledged write had returned,
 * must show the version of the last of them (by log index) or a later one; and no two
 * acknowledged writes may claim the same place in the log. Shards have a log each, and only the cluster knew
 * which key was in which: there it is asked of the writes of one key.
 */
export function findLostAcks(history: History): LostAcks {
  const lost: [number, number][] = sameIndex(history);
  const unread: number[] = [];
  let acknowledged = 0;
  for (const key of keysOf(history)) {
    acknowledged += key.acknowledged;
    if (key.lastWrite < 0) continue;
    if (key.lastGet < 0 || (history.call[key.lastGet] ?? 0) < key.lastReturn) unread.push(key.id);
    else if (contradicts(history, key)) lost.push([key.lastWrite, key.lastGet]);
  }
  return { lost, unread, acknowledged };
}

/** When the first write was acknowledged that was invoked and returned at or after the given times. */
export const firstWriteAck =
  (history: History): FirstAck =>
  (invokedUs, returnedUs) => {
    let best: number | null = null;
    for (let i = firstRowFrom(history, invokedUs); i < history.count; i++) {
      if (best !== null && (history.callUs[i] ?? 0) > best) break;
      if (!isAckedWrite(history, i)) continue;
      const ackUs = history.returnUs[i] ?? 0;
      if (ackUs >= returnedUs && (best === null || ackUs < best)) best = ackUs;
    }
    return best;
  };

type KeyFacts = {
  readonly id: number;
  acknowledged: number;
  /** Row of the acknowledged write with the highest index, and of the last get; -1: none. */
  lastWrite: number;
  lastGet: number;
  /** Rank of the last return of an acknowledged write. */
  lastReturn: number;
  /** Writes that may have happened, and may yet. */
  unknownDelete: boolean;
  unknownWrite: boolean;
};

function keysOf(history: History): KeyFacts[] {
  const keys = Array.from({ length: history.keys.size }, (_, id): KeyFacts => ({
    ...{ id, acknowledged: 0, lastWrite: -1, lastGet: -1, lastReturn: -1 },
    ...{ unknownDelete: false, unknownWrite: false },
  }));
  const { op, outcome, index, ret } = history;
  for (let i = 0; i < history.count; i++) {
    const key = keys[history.key[i] ?? -1];
    if (key === undefined) continue;
    if (op[i] === OP_GET) {
      if (outcome[i] === OUTCOME_OK) key.lastGet = i; // Rows are in order of invocation.
    } else if (outcome[i] === OUTCOME_INFO) {
      key.unknownDelete ||= op[i] === OP_DELETE;
      key.unknownWrite ||= op[i] !== OP_DELETE;
    } else if (outcome[i] === OUTCOME_OK) {
      key.acknowledged++;
      key.lastReturn = Math.max(key.lastReturn, ret[i] ?? 0);
      if (key.lastWrite < 0 || (index[i] ?? 0) > (index[key.lastWrite] ?? 0)) key.lastWrite = i;
    }
  }
  return keys;
}

/** Does the last get show a state from before the last acknowledged write? */
function contradicts(history: History, key: KeyFacts): boolean {
  const written = history.version[key.lastWrite] ?? -1;
  const read = history.version[key.lastGet] ?? -1;
  if (read < 0 || written < 0) return false;
  if (history.op[key.lastWrite] === OP_DELETE) return read > 0 && !key.unknownWrite;
  if (key.unknownDelete) return false; // It may have come last, and versions begin anew after it.
  return read < written;
}

function sameIndex(history: History): [number, number][] {
  const { index, key } = history;
  const rows: number[] = [];
  for (let i = 0; i < history.count; i++) {
    if (isAckedWrite(history, i) && (index[i] ?? 0) > 0) rows.push(i);
  }
  const at = (row: number): number => index[row] ?? 0;
  const logOf = (row: number): number => (at(row) < SHARD_INDEX_MIN ? -1 : (key[row] ?? -1));
  rows.sort((a, b) => at(a) - at(b) || logOf(a) - logOf(b));
  return rows.flatMap((row, n): [number, number][] => {
    const before = rows[n - 1];
    const isSame = before !== undefined && at(row) === at(before) && logOf(row) === logOf(before);
    return isSame ? [[before, row]] : [];
  });
}

const isAckedWrite = ({ op, outcome }: History, i: number): boolean =>
  op[i] !== OP_GET && outcome[i] === OUTCOME_OK;

/** Rows are in order of invocation: the first one invoked at or after `us`. */
function firstRowFrom({ callUs, count }: History, us: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((callUs[middle] ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
