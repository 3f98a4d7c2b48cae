import type { Context } from "hono";
import * as v from "valibot";

/** A problem of a request: which field, and what is wrong with it. */
export type RequestProblem = { readonly where: string; readonly what: string };

export const problemsOf = (issues: readonly v.BaseIssue<unknown>[]): readonly RequestProblem[] =>
  issues.map((issue) => {
    const what = issue.expected === "never" ? "is not known here" : issue.message;
    return { where: v.getDotPath(issue) ?? "body", what };
  });

/** 400 with every problem of the request. */
export function refuse(c: Context, problems: readonly RequestProblem[]): Response {
  const error = problems.map(({ where, what }) => `${where}: ${what}`).join("; ");
  return c.json({ error, definite: true, fix: "correct the request", problems }, 400);
}

/** The query of a request, or the answer that says all that is wrong with it. */
export function readQuery<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
): { readonly query: T } | { readonly refused: Response } {
  const parsed = v.safeParse(schema, c.req.query());
  if (parsed.success) return { query: parsed.output };
  return { refused: refuse(c, problemsOf(parsed.issues)) };
}

/** A whole number of a query, within bounds. */
export const whole = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/, "must be a whole number"),
    v.description(`${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );

export const flag = v.pipe(
  v.picklist(["true", "false"], 'must be "true" or "false"'),
  v.transform((text) => text === "true"),
);
