import { UserError } from "../../lib/user-error.ts";

/** `1,2,3`. Throws UserError. */
export function parseIds(where: string, text: string): readonly number[] {
  const ids = text.split(",").map(Number);
  if (ids.every((id) => Number.isSafeInteger(id) && id >= 1)) return ids;
  const what = `"${text}" is no list of ids`;
  throw new UserError("bad option", [{ where, what, fix: "write ids with commas: 1,2,3" }]);
}
