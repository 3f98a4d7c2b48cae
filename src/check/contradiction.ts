import { naive, NAIVE_OPERATIONS_MAX } from "./naive.ts";
import type { KeyHistory } from "./path.ts";
import type { Limits } from "./search.ts";
import { coreAlone } from "./shrink.ts";

/**
 * Whether no order fits the operations at the places `core` of a key, all other writes being free
 * to leave what they like and all other reads forgotten: what a failure rests on.
 */
export function contradicts(key: KeyHistory, core: readonly number[], _limits: Limits): boolean {
  const { model, operations } = key;
  const rows = core.map((place) => operations.ops[place]!);
  const part = coreAlone(model, operations, rows);
  if (part.operations.ops.length > NAIVE_OPERATIONS_MAX) return true;
  return !naive(part.model, part.operations);
}
