import { UserError } from "../../lib/user-error.ts";

/** Throws UserError unless `value` is a whole number from `min` to `max`. */
export function wholeNumber(where: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const what = `${value} is no whole number from ${min} to ${max}`;
  throw new UserError("bad option", [{ where, what, fix: "correct the value" }]);
}
