import { FSYNC_OF_MEMORY, type FsyncMode } from "../lib/fsync.ts";
import { UserError } from "../lib/user-error.ts";
import type { ClusterSuite, LoadCase, Suite } from "./dsl.ts";

/**
 * The suite with this mode for all its clusters on disk. Throws UserError when it has none: the flag
 * would change nothing, and its reader would think it had.
 */
export function withFsync(suite: Suite, fsync: FsyncMode | undefined): Suite {
  if (fsync === undefined) return suite;
  if (suite.kind === "figures") {
    const what = `the suite "${suite.name}" starts no cluster, and compares the modes itself`;
    throw new UserError("bad option", [{ where: "--fsync", what, fix: "leave it out" }]);
  }
  if (suite.cases.every(({ cluster }) => cluster.storage === "memory")) {
    throw new UserError("bad option", [{ where: "--fsync", ...FSYNC_OF_MEMORY }]);
  }
  const cases = (suite.cases as readonly LoadCase[]).map((one) =>
    one.cluster.storage === "memory" ? one : { ...one, cluster: { ...one.cluster, fsync } },
  );
  return { ...suite, cases } as ClusterSuite;
}
