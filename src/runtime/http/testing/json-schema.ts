/** The part of JSON Schema that our document uses. */
export type JsonSchema = { readonly [keyword: string]: unknown };

type Schemas = Readonly<Record<string, JsonSchema>>;
type Check = (
  value: unknown,
  keyword: never,
  schema: JsonSchema,
  all: Schemas,
) => readonly string[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const unless = (holds: boolean, problem: string): readonly string[] => (holds ? [] : [problem]);

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (value, ref: string, _, all) => schemaProblems(value, all[ref.split("/").at(-1)!]!, all),
  type: (value, type: string) => unless(isOfType(value, type), `is no ${type}`),
  enum: (value, allowed: readonly unknown[]) => unless(allowed.includes(value), "is not allowed"),
  minimum: (value, least: number) => unless(!(Number(value) < least), `is below ${least}`),
  maximum: (value, most: number) => unless(!(Number(value) > most), `is above ${most}`),
  minLength: (value, least: number) => unless(String(value).length >= least, "is too short"),
  maxLength: (value, most: number) => unless(String(value).length <= most, "is too long"),
  minItems: (value, least: number) => unless((value as []).length >= least, "has too few"),
  pattern: (value, pattern: string) =>
    unless(new RegExp(pattern).test(String(value)), "does not match"),
  anyOf: (value, options: readonly JsonSchema[], _, all) =>
    unless(
      options.some((one) => schemaProblems(value, one, all).length === 0),
      "is none of these",
    ),
  required: (value, names: readonly string[]) =>
    names.flatMap((name) => unless(isObject(value) && name in value, `${name} is missing`)),
  items: (value, schema: JsonSchema, _, all) =>
    (Array.isArray(value) ? value : []).flatMap((one, i) =>
      schemaProblems(one, schema, all).map((problem) => `${i}: ${problem}`),
    ),
  properties: (value, properties: Schemas, _, all) =>
    Object.entries(isObject(value) ? value : {}).flatMap(([name, one]) =>
      name in properties
        ? schemaProblems(one, properties[name]!, all).map((problem) => `${name}: ${problem}`)
        : [],
    ),
  additionalProperties: (value, allowed: unknown, { properties = {} }, all) =>
    Object.entries(isObject(value) ? value : {}).flatMap(([name, one]) => {
      if (name in (properties as object)) return [];
      if (allowed === false) return [`${name} is not known`];
      return schemaProblems(one, allowed as JsonSchema, all);
    }),
};
const TOLD_ONLY = new Set(["description", "default", "title", "$schema"]);

/** What is wrong with a value by a schema. Throws on a keyword that is not known here. */
export function schemaProblems(
  value: unknown,
  schema: JsonSchema,
  all: Schemas,
): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, setting]) => {
    if (TOLD_ONLY.has(keyword)) return [];
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`keyword ${keyword}`);
    return check(value, setting as never, schema, all);
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return isObject(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return typeof value === type;
}
