import { UserError } from "../lib/user-error.ts";

const MS_PER = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/**
 * Milliseconds of a duration a person wrote: "500ms", "10s", "1.5m", "2h"; a bare number counts
 * seconds. At least 1 ms. `where` names the flag. Throws UserError.
 */
export function parseDurationMs(text: string, where: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim());
  const ms = match
    ? Math.round(Number(match[1]) * MS_PER[(match[2] ?? "s") as keyof typeof MS_PER])
    : 0;
  if (ms >= 1 && Number.isSafeInteger(ms)) return ms;
  throw new UserError("bad duration", [
    { where, what: `"${text}" is not a duration`, fix: "write it like 500ms, 10s, 1.5m or 2h" },
  ]);
}

/** A whole number within [min, max] from a flag. Throws UserError. */
export function parseCount(
  text: string | number,
  where: string,
  min = 1,
  max = 2 ** 53 - 1,
): number {
  const value = typeof text === "number" ? text : text.trim() === "" ? NaN : Number(text);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new UserError("bad number", [
    { where, what: `${text} is not a whole number`, fix: `give one from ${min} to ${max}` },
  ]);
}
