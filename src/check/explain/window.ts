import {
  type History,
  OP_CAS,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
} from "../../history/op.ts";
import { OP_PUT } from "../../kv/command.ts";
import { type Evidence, evidence, shortName } from "../describe.ts";

/** An operation near a counterexample, for the picture of what went on around it. */
export type WindowOperation = Evidence & {
  readonly outcome: "ok" | "refused" | "failed" | "unknown";
  /** 1 for the first operation of the core, and so on; 0: not of the core. */
  readonly core: number;
  /** Place in the longest legal order that was found, from 1; 0: not in it. */
  readonly placed: number;
};

/** A part of the history of one key, in order of call. */
export type HistoryWindow = {
  readonly key: string;
  /** Of callUs and returnUs: a history without a clock has the numbers of its events instead. */
  readonly unit: "us" | "event";
  readonly operations: readonly WindowOperation[];
  /** How many operations on this key are not shown. */
  readonly leftOut: number;
};

/** More than that are no picture any more; keeps a page small, too. */
const OPERATIONS_MAX = 300;

/**
 * The operations of one key that are nearest to those at `core` (rows, at least one): the core
 * itself, the writes of the values in it, then by distance in the recording. `prefix`: rows of a
 * legal order, where the verdict is unknown. O(n log n).
 */
export function windowAround(
  h: History,
  core: readonly number[],
  prefix: readonly number[] = [],
): HistoryWindow {
  const key = h.key[core[0]!]!;
  const rows: number[] = [];
  for (let row = 0; row < h.count; row++) if (h.key[row] === key) rows.push(row);
  const shown = nearest(h, rows, core);
  const numbers = new Map(core.toSorted((a, b) => a - b).map((row, i) => [row, i + 1]));
  const placed = new Map(prefix.map((row, i) => [row, i + 1]));
  const isTimed = shown.some((row) => h.callUs[row] !== h.callUs[shown[0]!]);
  const operations = evidence(h, shown).map((operation, i): WindowOperation => {
    const row = shown[i]!;
    const ranks = { callUs: h.call[row]!, returnUs: isOpen(h, row) ? null : h.ret[row]! };
    return {
      ...operation,
      ...(isTimed ? {} : ranks),
      outcome: outcomeOf(h, row),
      core: numbers.get(row) ?? 0,
      placed: placed.get(row) ?? 0,
    };
  });
  const unit = isTimed ? "us" : "event";
  return {
    key: shortName(h.keys.name(key)),
    unit,
    operations,
    leftOut: rows.length - shown.length,
  };
}

/** Rows in order of call. */
function nearest(h: History, rows: readonly number[], core: readonly number[]): readonly number[] {
  if (rows.length <= OPERATIONS_MAX) return rows;
  const events = core.flatMap((row) =>
    isOpen(h, row) ? [h.call[row]!] : [h.call[row]!, h.ret[row]!],
  );
  const inCore = new Set(core);
  const seen = new Set(core.filter((row) => h.value[row]! >= 0).map((row) => h.value[row]!));
  const distance = Float64Array.from(rows, (row) => {
    if (inCore.has(row)) return -2;
    const isWriter = h.op[row] === OP_PUT || h.op[row] === OP_CAS;
    if (isWriter && seen.has(h.value[row]!)) return -1;
    const [call, ret] = [h.call[row]!, isOpen(h, row) ? h.call[row]! : h.ret[row]!];
    return Math.min(...events.map((at) => (at < call ? call - at : at > ret ? at - ret : 0)));
  });
  const limit = distance.slice().sort()[OPERATIONS_MAX - 1]!;
  const near = rows.filter((_, i) => distance[i]! < limit);
  const ties = rows.filter((_, i) => distance[i] === limit);
  const all = [...near, ...ties.slice(0, OPERATIONS_MAX - near.length)];
  // Many writes of one value can crowd out the core itself.
  return [...new Set([...core, ...all])].slice(0, OPERATIONS_MAX).sort((a, b) => a - b);
}

const isOpen = (h: History, row: number): boolean => h.outcome[row] === OUTCOME_INFO;

function outcomeOf(h: History, row: number): WindowOperation["outcome"] {
  switch (h.outcome[row]) {
    case OUTCOME_INFO:
      return "unknown";
    case OUTCOME_FAIL:
      return "failed";
    case OUTCOME_MISMATCH:
      return "refused";
    default:
      return "ok";
  }
}
