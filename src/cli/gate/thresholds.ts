import { existsSync, readFileSync } from "node:fs";
import type { Thresholds } from "../../bench/gate/metrics.ts";
import { UserError } from "../../lib/user-error.ts";
import { readEnvironment } from "../../report/environment.ts";
import type { Environment } from "../../report/schema.ts";

export const AA_FILE = "reports/baselines/gate-aa.json";
const AA_SCHEMA = 1;

/** What `ordeal gate --calibrate` writes: by how much code differs from itself on a machine. */
export type AaDocument = {
  readonly schema: typeof AA_SCHEMA;
  /** What made it. */
  readonly command: string;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly suite: string;
  readonly pairs: number;
  /** 90th percentile of |A/A| over sessions, a share, by metric. */
  readonly thresholds: Thresholds;
};

export const newAaDocument = (parts: Omit<AaDocument, "schema" | "environment">): AaDocument => ({
  schema: AA_SCHEMA,
  environment: readEnvironment(),
  ...parts,
});

export type ReadThresholds = {
  readonly thresholds: Thresholds;
  /** Where they are from, or why there are none, for people. */
  readonly about: string;
};

/**
 * The thresholds that were measured on this machine: of `file`, which must be there, or else of the
 * usual place. Those of another machine are not used. Throws UserError for a file that is none.
 */
export function readThresholds(file: string | undefined, suite: string): ReadThresholds {
  const path = file ?? AA_FILE;
  if (file === undefined && !existsSync(path)) {
    return {
      thresholds: {},
      about: "θ as usual (ordeal gate --calibrate measures this machine's)",
    };
  }
  const document = parseAa(path);
  const here = readEnvironment();
  const differing = (Object.keys(here) as (keyof Environment)[]).find(
    (field) => document.environment[field] !== here[field],
  );
  if (differing !== undefined || document.suite !== suite) {
    const why = document.suite === suite ? `another machine (${differing})` : "another suite";
    return { thresholds: {}, about: `θ as usual: ${path} is of ${why}` };
  }
  return { thresholds: document.thresholds, about: `θ at least what ${path} says` };
}

function parseAa(path: string): AaDocument {
  const problem = (what: string): UserError =>
    new UserError("cannot read the A/A thresholds", [
      { where: path, what, fix: "make it anew: ordeal gate --calibrate" },
    ]);
  let document: Partial<AaDocument> | null;
  try {
    document = JSON.parse(readFileSync(path, "utf8")) as Partial<AaDocument> | null;
  } catch (error) {
    throw problem((error as Error).message);
  }
  if (document?.schema !== AA_SCHEMA) throw problem(`is not of schema ${AA_SCHEMA}`);
  const shares = Object.values(document.thresholds ?? {});
  const fits =
    shares.length > 0 && shares.every((share) => typeof share === "number" && share >= 0);
  if (!fits || typeof document.environment !== "object") throw problem("holds no thresholds");
  return document as AaDocument;
}
