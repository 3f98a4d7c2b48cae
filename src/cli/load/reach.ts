import { discover } from "../../connect/discover.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadCredentials } from "../../security/credentials.ts";
import type { ClusterAddress } from "../../target/target.ts";

/** Who does not answer by then is no stranger to us, for all we know. */
const WITHIN_MS = 1_000;

/**
 * Throws UserError when every node refuses to speak to us: commands would try for all their time, and could not say
 * that a token was missing. Nodes of other systems are not asked.
 */
export async function refuseStrangers({
  target,
  nodes,
  credentials,
}: ClusterAddress): Promise<void> {
  if (target !== "ordeal") return;
  const shown = credentials === undefined ? null : loadCredentials(credentials);
  const found = await discover(nodes, WITHIN_MS, shown);
  if (found.kind === "found" || !found.isRefused) return;
  throw new UserError(
    "no node speaks to us",
    found.why.map((line) => {
      const [, where = "", what = line] = /^(\S+): (.*)$/s.exec(line) ?? [];
      const fix = "set ORDEAL_TLS_CA, and ORDEAL_TOKEN_FILE: docs/security.md";
      return { where, what, fix };
    }),
  );
}
