import { appendPath } from "./append/path.ts";
import { certificate } from "./certificate.ts";
import { contradicts } from "./contradiction.ts";
import type { Forced, KeyHistory, Path } from "./path.ts";
import { insertionPath } from "./register/insertion.ts";
import { registerPath } from "./register/register.ts";
import type { Limits } from "./search.ts";
import { versionedPath } from "./versioned/path.ts";
import { isWitness } from "./witness.ts";

/** Which path of the pipeline settled a key. */
export type Method = "certificate" | "versioned" | "append" | "register" | "insertion" | "search";

/** A verdict on one key that was checked: `core` and `arrows` are rows of the history. */
export type Settled =
  | { readonly kind: "legal"; readonly method: Method }
  | {
      readonly kind: "illegal";
      readonly method: Method;
      /** In order of invocation. */
      readonly core: readonly number[];
      readonly sentence: string;
      readonly arrows: readonly Forced[];
    };

/** The near-linear paths, in the order in which they are tried. */
export const PATHS: readonly (readonly [Method, Path])[] = [
  ["versioned", versionedPath],
  ["append", appendPath],
  ["register", registerPath],
  ["insertion", insertionPath],
];

/**
 * The verdict on one key without search, or null: the order that the servers told, then the paths.
 * All of these only propose. What a pass rests on is isWitness, and what a failure rests on is
 * that nothing fits the core (contradicts); a proposal that does not hold is dropped, because a
 * path may know less than the model: that of registers looks at no version.
 */
export function settle(key: KeyHistory, limits: Limits): Settled | null {
  const { model, operations } = key.placed;
  const order = certificate(model, operations);
  if (order !== null && isWitness(model, operations, order)) {
    return { kind: "legal", method: "certificate" };
  }
  for (const [method, path] of PATHS) {
    const verdict = path(key);
    if (verdict === null) continue;
    if (verdict.kind === "legal") {
      if (isWitness(model, operations, verdict.witness)) return { kind: "legal", method };
    } else if (contradicts(key, verdict.core, limits) === true) {
      return illegal(key, method, verdict);
    }
  }
  return null;
}

function illegal(
  { operations }: KeyHistory,
  method: Method,
  verdict: Omit<Extract<Settled, { kind: "illegal" }>, "kind" | "method">,
): Settled {
  const row = (place: number): number => operations.ops[place]!;
  return {
    kind: "illegal",
    method,
    core: verdict.core.map(row).sort((a, b) => a - b),
    sentence: verdict.sentence,
    arrows: verdict.arrows.map(({ before, after, why }) => ({
      before: row(before),
      after: row(after),
      why,
    })),
  };
}
