import { UserError } from "../../lib/user-error.ts";

/** What the user is told when `work` refuses; "": it does not. */
export function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "";
}
