import { keysOf } from "../keys.ts";
import { naive } from "../naive.ts";
import type { Path, PathVerdict } from "../path.ts";
import { coreAlone } from "../shrink.ts";
import { isWitness } from "../witness.ts";
import type { History } from "../../history/op.ts";

/**
 * What `path` says of a history of one key, after comparing it with naive search: a legal order must
 * replay, a core must be illegal with nothing else believed, and neither may be said of the other.
 * Throws if not so.
 */
export function againstNaive(path: Path, history: History): PathVerdict {
  const key = keysOf(history).at(0);
  const verdict = path(key);
  if (verdict === null) return null;
  const legal = naive(key.model, key.operations);
  if ((verdict.kind === "legal") !== legal) {
    throw new Error(
      `${verdict.kind}, but naive search says ${legal ? "legal" : "illegal"}: ${JSON.stringify(verdict)}`,
    );
  }
  if (verdict.kind === "legal") {
    if (!isWitness(key.model, key.operations, verdict.witness))
      throw new Error("the witness does not replay");
    return verdict;
  }
  const rows = verdict.core.map((place) => key.operations.ops[place]!);
  const alone = coreAlone(key.model, key.operations, rows);
  if (naive(alone.model, alone.operations))
    throw new Error(`the core is legal: ${JSON.stringify(verdict)}`);
  return verdict;
}

/** How many of the random histories of `seeds` seeds `path` finds what; throws, with the seed, where naive search disagrees. */
export function tallyAgainstNaive(path: Path, random: (seed: number) => History, seeds: number) {
  const verdicts = { legal: 0, illegal: 0, none: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    try {
      verdicts[againstNaive(path, random(seed))?.kind ?? "none"]++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return verdicts;
}
