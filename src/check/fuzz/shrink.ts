import { ranked, type SmallOp } from "./small.ts";

/**
 * The smallest history that `fails` holds for still and that is found by leaving out operations
 * and what replies told, and by shortening waits: what a person reads, and what the corpus keeps.
 */
export function shrinkOps(
  ops: readonly SmallOp[],
  fails: (ops: readonly SmallOp[]) => boolean,
): readonly SmallOp[] {
  let best = ops;
  for (;;) {
    const smaller = simpler(best).find(fails);
    if (smaller === undefined) return ranked(best);
    best = smaller;
  }
}

/** Histories that are each one step simpler. */
function simpler(ops: readonly SmallOp[]): (readonly SmallOp[])[] {
  const without = ops.map((_, i) => ops.toSpliced(i, 1));
  const silent = ops.flatMap((op, i) => [
    ...(op.index > 0 ? [ops.with(i, { ...op, index: 0 })] : []),
    ...(op.version >= 0 ? [ops.with(i, { ...op, version: -1 })] : []),
  ]);
  const oneKey = ops.some(({ key }) => key > 0) ? [ops.map((op) => ({ ...op, key: 0 }))] : [];
  return [...without, ...oneKey, ...silent];
}
