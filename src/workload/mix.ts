import {
  FLAG_EXPECTED,
  FLAG_LOCAL,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_PUT,
  OP_SCAN,
  type OpCode,
} from "../kv/command.ts";
import type { Prng } from "../lib/prng.ts";
import type { Mix } from "./spec.ts";

/** What a workload does; its names are those of Mix and of the results. */
export const ACTIONS = [
  ...(["get", "put", "cas", "append", "delete", "rmw", "scan"] as const),
] satisfies readonly (keyof Mix)[];
export const ACTION_GET = 0;
export const ACTION_PUT = 1;
export const ACTION_CAS = 2;
export const ACTION_APPEND = 3;
export const ACTION_DELETE = 4;
export const ACTION_RMW = 5;
export const ACTION_SCAN = 6;

const OPS: readonly OpCode[] = [OP_GET, OP_PUT, OP_PUT, OP_APPEND, OP_DELETE, OP_GET, OP_SCAN];

/** The share of an action; those that a mix does not name are not done. */
export const shareOf = (mix: Mix, name: keyof Mix): number => mix[name] ?? 0;

/** The op code that an action is sent as; of rmw, first. */
export const actionOp = (action: number): OpCode => OPS[action]!;
export const actionFlags = (action: number, localReads: boolean): number => {
  if (action === ACTION_CAS) return FLAG_EXPECTED;
  return (action === ACTION_GET || action === ACTION_SCAN) && localReads ? FLAG_LOCAL : 0;
};

/** Chooses actions in the shares of `mix`, which add up to 1. */
export function actionChooser(mix: Mix, prng: Prng): () => number {
  const upTo = new Float64Array(ACTIONS.length);
  let sum = 0;
  let last = 0;
  for (const [i, name] of ACTIONS.entries()) {
    sum += shareOf(mix, name);
    upTo[i] = sum;
    if (shareOf(mix, name) > 0) last = i;
  }
  if (shareOf(mix, ACTIONS[last]!) === 1) return () => last; // Nothing to draw.
  return () => {
    const u = prng.float();
    let action = 0;
    while (action < last && u >= upTo[action]!) action++;
    return action;
  };
}
