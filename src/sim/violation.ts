import { AssertionError } from "../lib/assert.ts";
import { WireError } from "../wire/bytes.ts";
import type { Invariant, Violation } from "./api.ts";
import type { World } from "./world.ts";

/** Lines of a stack that are told. */
const STACK_LINES = 6;

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

/**
 * What is thrown while a schedule runs, as what it shows to be broken, so that it can be told with the
 * schedule and repeated. `world` null: the run had not begun. `notes`: what led to it.
 */
export function violationOf(
  error: unknown,
  world: Pick<World, "now" | "events"> | null,
  notes: readonly string[] = [],
): Violation {
  const where = { atMs: world?.now ?? 0, event: world?.events ?? 0 };
  if (error instanceof InvariantError) {
    const { invariant, message } = error;
    return { invariant, message, evidence: [...error.evidence, ...notes], ...where };
  }
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const lines = stack
    .split("\n")
    .slice(1, 1 + STACK_LINES)
    .map(stackLine);
  const evidence = [...lines, ...notes];
  if (error instanceof AssertionError) return { invariant: "ASSERT", message, evidence, ...where };
  if (error instanceof WireError) return { invariant: "WIRE", message, evidence, ...where };
  return { invariant: "ASSERT", message: `${name}: ${message}`, evidence, ...where };
}

/** Without where the project lies on this machine. */
const stackLine = (line: string): string => line.trim().replace(/\(\S*\/src\//, "(src/");
