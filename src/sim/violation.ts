import type { Invariant } from "./api.ts";

/** Thrown where an invariant is seen broken; `run` makes a Violation of it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly invariant: Invariant;
  readonly evidence: readonly string[];

  constructor(invariant: Invariant, message: string, evidence: readonly string[] = []) {
    super(message);
    this.invariant = invariant;
    this.evidence = evidence;
  }
}

/** Ends the run with a violation. A function, so that messages are built only when needed. */
export function violated(
  invariant: Invariant,
  message: string,
  evidence: readonly string[] = [],
): never {
  throw new InvariantError(invariant, message, evidence);
}
