import * as v from "valibot";
import { type Problem, UserError } from "../lib/user-error.ts";

const PROBLEMS_MAX = 12;

/** JSON has no infinity, but a parser makes one of 1e999: it would be null in what is written of it. */
export const Figure = v.pipe(v.number(), v.finite("must be a finite number"));

/** A kind of stored document. */
export type DocumentKind<T> = {
  /** `report`, in errors. */
  readonly noun: string;
  /** `report.json`, in errors. */
  readonly file: string;
  /** Its field `schema`, which this build reads. */
  readonly version: number;
  readonly schema: v.GenericSchema<unknown, T>;
};

/**
 * Reads the text of a stored document. Fields that this build does not know are dropped. `where` names
 * the file in errors. Throws UserError for a file that is damaged or cut short, another schema, or
 * missing or wrong fields, each of which it names.
 */
export function parseDocument<T>(kind: DocumentKind<T>, text: string, where: string): T {
  const refused = (problems: readonly Problem[]): UserError =>
    new UserError(`cannot read the ${kind.noun}`, problems);
  const value = parsed(text);
  if (value instanceof SyntaxError) throw refused([damaged(value, where)]);
  const version =
    typeof value === "object" && value !== null && "schema" in value ? value.schema : null;
  if (version !== kind.version) throw refused([otherSchema(kind, version, where)]);
  const result = v.safeParse(kind.schema, value);
  if (result.success) return result.output;
  throw refused(result.issues.slice(0, PROBLEMS_MAX).map((issue) => toProblem(issue, where)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

const damaged = (error: SyntaxError, where: string): Problem => ({
  where,
  what: `not JSON: ${error.message}`,
  fix: "the file is damaged or was cut short: run the command that wrote it again",
});

function otherSchema(
  { version, file }: DocumentKind<unknown>,
  found: unknown,
  where: string,
): Problem {
  if (typeof found === "number" && found > version) {
    const what = `its schema is ${found}, this build reads ${version}`;
    return { where, what, fix: "read it with the version of Ordeal that wrote it, or a newer one" };
  }
  const what = `its "schema" is ${JSON.stringify(found) ?? "missing"}, expected ${version}`;
  return { where, what, fix: `give a ${file} that Ordeal wrote` };
}

function toProblem(issue: v.BaseIssue<unknown>, where: string): Problem {
  const path = v.getDotPath(issue);
  return {
    where: path === null ? where : `${where} at ${path}`,
    what: issue.received === "undefined" ? "is missing" : issue.message,
    fix: "the file was edited or is damaged: run the command that wrote it again",
  };
}
