import { UserError } from "../lib/user-error.ts";

export { REPEATED_VOTES, SMALL_SNAPSHOTS } from "./arenas.ts";

/**
 * A known bug of real Raft implementations, planted: text of our own source, and what stands there
 * instead while a run looks for it (cli/mutants/plant.ts). Product code has no switch for it.
 */
export type Mutant = {
  /** Of docs/mutants.md. Several mutants may be variants of one row. */
  readonly row: number;
  /** kebab-case, and the name of its module in chaos/mutants/. */
  readonly name: string;
  /** What the planted code does wrong, in one sentence. */
  readonly about: string;
  /** Where the bug was found; "–" when it is from the literature only. */
  readonly seenIn: string;
  /** Applied in this order. */
  readonly patches: readonly Patch[];
  /** Ids of the invariants that may expose it (docs/mutants.md); any other is a surprise. */
  readonly detectors: readonly string[];
  /** Where it is hunted. */
  readonly arena: Arena;
};

export type Patch = {
  /** From the root of the project: `src/raft/election.ts`. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
};

/**
 * `sim`: simulated clusters under faults that come and go, drawn with these options where the bug
 * needs special ones. `partial`: simulated clusters with one partial failure that stays. `wal`: one
 * node's log on a disk that loses power, lies and decays. `frames`: a leader of large entries.
 */
export type Arena =
  | {
      readonly kind: "sim";
      /** Voters at first, drawn from this range. */
      readonly nodes?: { readonly min: number; readonly max: number };
      /** The kinds of trouble to draw from (sim/episodes.ts). */
      readonly episodes?: readonly string[];
      /** In place of what would be drawn (sim/api.ts, SimConfig). */
      readonly config?: Readonly<Record<string, unknown>>;
    }
  /** `failure`: which one (sim/partial/run.ts); else one is drawn. */
  | { readonly kind: "partial"; readonly failure?: string }
  | { readonly kind: "wal" }
  | { readonly kind: "frames" }
  | { readonly kind: "crashpoints" }
  /** Simulated sharded clusters (sim/shards). */
  | { readonly kind: "sharded" };

/** Checks a mutant when its module is loaded. Throws UserError. */
export function defineMutant(mutant: Mutant): Mutant {
  const problems: string[] = [];
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(mutant.name)) problems.push("the name is not kebab-case");
  if (!Number.isInteger(mutant.row) || mutant.row < 1) problems.push("it has no row");
  if (mutant.patches.length === 0) problems.push("it patches nothing");
  if (mutant.detectors.length === 0) problems.push("it names no detector");
  for (const { file, find, replace } of mutant.patches) {
    if (find === replace) problems.push(`its patch of ${file} changes nothing`);
  }
  if (problems.length === 0) return mutant;
  throw new UserError(
    `mutant "${mutant.name}" is not valid`,
    problems.map((what) => ({ where: `chaos/mutants/${mutant.name}.ts`, what, fix: "correct it" })),
  );
}
