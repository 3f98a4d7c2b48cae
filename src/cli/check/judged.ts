import type { LostAcks } from "../../chaos/lost-acks.ts";
import type { CheckResult } from "../../check/check.ts";
import type { Read } from "../../history/readers/read.ts";
import { type History, OUTCOME_NAMES } from "../../history/op.ts";
import type { CheckFlags } from "./options.ts";

/** A history, what was found, and how. */
export type Judged = {
  readonly flags: CheckFlags;
  readonly read: Read;
  readonly result: CheckResult;
  /** Of our own store only: its replies tell versions. */
  readonly lostAcks: LostAcks | null;
  readonly readMs: number;
  readonly checkMs: number;
};

/** How many operations ended how. */
export function outcomesOf(history: History): Readonly<Record<string, number>> {
  const counts = OUTCOME_NAMES.map(() => 0);
  for (let i = 0; i < history.count; i++) counts[history.outcome[i]!]!++;
  return Object.fromEntries(OUTCOME_NAMES.map((name, i) => [name, counts[i]!]));
}
