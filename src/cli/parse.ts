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

const BYTES_PER = {
  ...{ B: 1, KB: 1e3, MB: 1e6, GB: 1e9 },
  ...{ KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 },
} as const;

/**
 * Bytes of a size a person wrote: "2GiB", "512 MiB", "1.5GB", "4096B"; capitals do not matter. At
 * least one byte. `where` names the flag. Throws UserError.
 */
export function parseBytes(text: string, where: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?I?B)$/.exec(text.trim().toUpperCase());
  const factor = BYTES_PER[(match?.[2] ?? "") as keyof typeof BYTES_PER] ?? 0;
  const bytes = Math.floor(Number(match?.[1]) * factor);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new UserError("bad size", [
    { where, what: `"${text}" is not a size`, fix: "write it like 512MiB, 2GiB or 1.5GB" },
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
