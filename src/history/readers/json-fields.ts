import { OP_CAS } from "../op.ts";
import { OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import type { Asked } from "../columns.ts";
import { NO_VALUE } from "../format.ts";
import type { ValueNames } from "../value-names.ts";
import { quote, unreadable } from "./problem.ts";
import { opNamed } from "./words.ts";

/** One line of a JSON history. */
export type Fields = Readonly<Record<string, unknown>>;

/** The object of a line. Throws Unreadable. */
export function fieldsOf(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const fix = line.trimStart().startsWith("[")
      ? "one object a line, without brackets and commas around (jq -c '.[]' writes it so)"
      : "one JSON object a line; if its writer was killed here, delete the line";
    return unreadable(`"${quote(line)}" is not JSON: ${what}`, fix);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  const fix = "one object a line, for an event or an operation (jq -c '.[]' writes an array so)";
  return unreadable(`"${quote(line)}" is not a JSON object`, fix);
}

const shown = (value: unknown): string =>
  value === undefined ? "missing" : quote(JSON.stringify(value));

/** A text that must be there. */
export function textField(fields: Fields, name: string, fix: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : unreadable(`"${name}" is ${shown(value)}`, fix);
}

/** A whole number ≥ `min`; `otherwise` if there is none, unless that is undefined too. */
export function wholeField(fields: Fields, name: string, min: number, otherwise?: number): number {
  const value = fields[name] ?? otherwise;
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    if (value >= min || value === otherwise) return value;
  }
  return unreadable(`"${name}" is ${shown(value)}`, `"${name}" is a whole number from ${min}`);
}

/** Nanoseconds, exactly; NaN if there is none. */
export function timeField(fields: Fields, name: string): number {
  const value = fields[name] ?? NaN;
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    const fix = "count nanoseconds from the start of the run: a larger number is not told exactly";
    return unreadable(`"${name}" is ${value}`, fix);
  }
  if (typeof value === "number") return value;
  return unreadable(`"${name}" is ${shown(value)}`, `"${name}" is a number of nanoseconds`);
}

/** The number of a value, by its text: a string as it is, anything else as JSON; null is −1. */
export function valueId(values: ValueNames, value: unknown): number {
  if (value === null || value === undefined) return NO_VALUE;
  if (typeof value === "string") return values.idOfText(value);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return values.id(value);
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    const fix = "write it as a string: JSON numbers of this size lose digits";
    unreadable(`value ${String(value)} is too large to be told exactly`, fix);
  }
  return values.idOfText(JSON.stringify(value));
}

export const keyText = (key: unknown): string =>
  key === undefined || key === null
    ? "register"
    : typeof key === "string"
      ? key
      : JSON.stringify(key);

/** What a call asks. `name` is its operation's. */
export function askedIn(fields: Fields, name: string, key: number, values: ValueNames): Asked {
  const op = opNamed(name);
  const { value } = fields;
  const plain = { op, key, value: NO_VALUE, expected: -1 };
  if (op === OP_GET) return plain;
  if (op === OP_CAS) return { ...plain, ...casValues(fields, values) };
  const expected = wholeField(fields, "expected", 0, -1);
  if (expected >= 0 && op !== OP_PUT) {
    unreadable(`a ${name} with "expected"`, "only a put or a cas expects something");
  }
  if (op === OP_DELETE) return plain;
  if (op === OP_PUT && value === null && expected < 0) return { ...plain, op: OP_DELETE };
  if (value === undefined || value === null) {
    unreadable(`a ${name} without "value"`, 'write what it sets as "value"');
  }
  return { ...plain, value: valueId(values, value), expected };
}

/** Of a cas: "value" is [from, to], or "expected" is from and "value" is to. */
function casValues(
  { expected, value }: Fields,
  values: ValueNames,
): Pick<Asked, "value" | "expectedValue"> {
  if (expected !== undefined) {
    return { value: valueId(values, value), expectedValue: valueId(values, expected) };
  }
  if (Array.isArray(value) && value.length === 2) {
    return { value: valueId(values, value[1]), expectedValue: valueId(values, value[0]) };
  }
  const fix = '"value" is [from, to]; or "expected" is from and "value" is to';
  return unreadable(`a cas of ${shown(value)}`, fix);
}
