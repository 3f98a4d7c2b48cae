import { discover } from "../../connect/discover.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadCredentials } from "../../security/credentials.ts";
import type { ClusterAddress } from "../../target/target.ts";

const WITHIN_MS = 5_000;

/**
 * Throws UserError when no node of ours speaks to us: a load would try for all its time, and its result could not say
 * that a token was missing. Nodes of other systems are not asked.
 */
export async function requireAnswer({ target, nodes, credentials }: ClusterAddress): Promise<void> {
  if (target !== "ordeal") return;
  const shown = credentials === undefined ? null : loadCredentials(credentials);
  const found = await discover(nodes, WITHIN_MS, shown);
  if (found.kind === "found") return;
  throw new UserError(
    "no node answers",
    found.why.map((line) => {
      const [, where = "", what = line] = /^(\S+): (.*)$/s.exec(line) ?? [];
      const fix = "is it up, is that its client port, and are ORDEAL_TLS_CA and a token right?";
      return { where, what, fix };
    }),
  );
}
