import { EXIT_USAGE, UserError } from "../lib/user-error.ts";
import { ChildStartError } from "./local-child.ts";

/** A node that refuses its input has said why in full; what it said is passed on. */
export function explainStart(error: unknown): unknown {
  if (!(error instanceof ChildStartError) || error.exitCode !== EXIT_USAGE) return error;
  return new UserError("a node of the cluster cannot start", [
    {
      where: "the node",
      what: error.said.replace(/\n/g, "\n    "),
      fix: "as said above; the data are untouched",
    },
  ]);
}
