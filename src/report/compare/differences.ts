import type { Report } from "../schema.ts";

/** Of a config: words for people, and what decides about exit codes only. */
const OF_NO_EFFECT = new Set(["about", "requireGoals"]);

/**
 * What keeps the figures of two reports from being compared: each field that differs and must not, as
 * `cpu: "A" in the base, "B" in the head`. The machine, the suite and its config, and the target but
 * for its version, which may be the very thing that is compared, as is the code.
 */
export function differences(
  base: Report,
  head: Report,
  arms: Arms = { base: "in the base", head: "in the head" },
): readonly string[] {
  const [a, b] = [fingerprint(base), fingerprint(head)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((field) =>
    diff(field, a[field], b[field], arms),
  );
}

/** How the reports are called. */
type Arms = { readonly base: string; readonly head: string };

function fingerprint({ kind, name, environment, target, config }: Report): Record<string, unknown> {
  const { version: _, ...rest } = target;
  return { kind, name, ...environment, target: rest, config };
}

/** Fields of objects by name, items of lists by their own name if they have one. */
function diff(path: string, base: unknown, head: unknown, arms: Arms): string[] {
  if (isObject(base) && isObject(head)) {
    const [a, b] = [fieldsOf(base), fieldsOf(head)];
    const keys = [...new Set([...a.keys(), ...b.keys()])];
    return keys.flatMap((key) => diff(`${path}${key}`, a.get(key), b.get(key), arms));
  }
  if (base === head) return [];
  return [`${path}: ${text(base)} ${arms.base}, ${text(head)} ${arms.head}`];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** By what comes after the path of the object: `.nodes`, `["disk, 1 client"]`, `[0]`. */
function fieldsOf(value: object): ReadonlyMap<string, unknown> {
  if (!Array.isArray(value)) {
    const fields = Object.entries(value).filter(([key]) => !OF_NO_EFFECT.has(key));
    return new Map(fields.map(([key, field]) => [`.${key}`, field]));
  }
  const items = value as readonly unknown[];
  return new Map(items.map((item, i) => [`[${keyOf(item, i)}]`, item]));
}

const keyOf = (item: unknown, i: number): string =>
  isObject(item) && "name" in item && typeof item.name === "string"
    ? JSON.stringify(item.name)
    : String(i);

/** Long ones (a case that only one of the reports has) are not quoted. */
function text(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isObject(value)) return Array.isArray(value) ? "a list" : "present";
  return JSON.stringify(value);
}
