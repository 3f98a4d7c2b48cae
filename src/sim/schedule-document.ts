import * as v from "valibot";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { Invariant, SimOperation, Violation } from "./api.ts";
import { count, span } from "./schedule-config.ts";

/** What stands around a schedule in its file, of whatever kind of cluster it is. */
export type Found = {
  /** What it shows, or which bug it once found; for people. */
  readonly reason: string;
  /** What the run broke when the file was written; null: nothing. */
  readonly violation: { readonly invariant: Invariant; readonly message: string } | null;
};

export const found = {
  reason: v.string(),
  violation: v.nullable(
    // Not a list of those that are known now: a file may be of an older program.
    v.strictObject({
      invariant: v.custom<Invariant>((name) => typeof name === "string"),
      message: v.string(),
    }),
  ),
};

export const operationSchema = v.strictObject({
  atMs: span,
  client: count,
  op: v.picklist(["get", "put", "append", "delete", "versionedPut"]),
  key: count,
});

/** The text of a file: `schedule` by the name that it has there. */
export function documentText(
  reason: string,
  violation: Violation | null,
  schedule: Readonly<Record<string, unknown>>,
): string {
  const told: Found["violation"] =
    violation === null ? null : { invariant: violation.invariant, message: violation.message };
  return `${JSON.stringify({ reason, violation: told, ...schedule }, null, 1)}\n`;
}

export const badSchedule = (where: string, problems: readonly Problem[]): UserError =>
  new UserError(`${where} is not a schedule that can be run`, problems);

export const issueProblem = (issue: v.BaseIssue<unknown>, fix: string): Problem => ({
  where: v.getDotPath(issue) ?? "the document",
  what: issue.message,
  fix,
});

/** Operations of clients that are not there; `where` is the schedule's place in the file. */
export function strangers(
  where: string,
  operations: readonly SimOperation[],
  clients: number,
): readonly Problem[] {
  const at = operations.findIndex(({ client }) => client >= clients);
  if (at === -1) return [];
  const what = `there are only ${clients} clients, counted from 0`;
  const fix = "use one of them, or raise config.clients";
  return [{ where: `${where}.operations.${at}.client`, what, fix }];
}
