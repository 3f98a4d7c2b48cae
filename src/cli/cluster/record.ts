import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FsyncMode } from "../../lib/fsync.ts";
import { UserError } from "../../lib/user-error.ts";
import type { NodeAddress } from "../../runtime/config.ts";
import type { CredentialFiles } from "../../security/credentials.ts";
import { rememberNodes } from "../../security/keyring.ts";
import { lockDirectory } from "../../runtime/dir-lock.ts";

/** DIR/cluster.json: the cluster that runs there. Gone once it is stopped. */
export type ClusterRecord = {
  readonly clusterId: string;
  /** The process whose children the nodes are. */
  readonly supervisorPid: number;
  /** Where it takes requests (control.ts), on 127.0.0.1. */
  readonly controlPort: number;
  /** What requests must bring along. */
  readonly controlToken: string;
  readonly storage: "disk" | "memory";
  /** Null: in memory, where there is nothing to sync. */
  readonly fsync: FsyncMode | null;
  /** Of a sharded cluster; clients need it (ClusterAddress). */
  readonly shards?: number | undefined;
  readonly nodes: readonly (NodeAddress & { readonly pid: number })[];
  /** How clients show who they are; absent: they need not. */
  readonly credentials?: CredentialFiles | undefined;
};

const recordFile = (dir: string): string => join(resolve(dir), "cluster.json");

/** Replaced in one step, so that a reader never sees half of it. For its owner only: it holds a secret. */
export function writeRecord(dir: string, record: ClusterRecord): void {
  const mode = 0o600;
  writeFileSync(`${recordFile(dir)}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode });
  renameSync(`${recordFile(dir)}.new`, recordFile(dir));
}

export const removeRecord = (dir: string): void => rmSync(recordFile(dir), { force: true });

/** Whether a supervisor holds the directory: its lock ends with it, however that ends. */
export function isSupervised(dir: string): boolean {
  if (!existsSync(dir)) return false;
  try {
    lockDirectory(resolve(dir)).release();
    return false;
  } catch {
    return true;
  }
}

/** The cluster that runs in `dir`. Throws UserError when there is none. */
export function runningCluster(dir: string): ClusterRecord {
  const path = recordFile(dir);
  if (existsSync(path) && isSupervised(dir)) {
    const record = parse(path);
    rememberNodes(record.nodes, record.credentials);
    return record;
  }
  throw new UserError("no such cluster", [
    {
      where: resolve(dir),
      what: existsSync(path) ? "the cluster there has ended" : "no cluster runs there",
      fix: `start one: ordeal cluster start --dir ${dir}`,
    },
  ]);
}

/** Throws UserError when a cluster runs, or starts, in `dir`. */
export function refuseIfRunning(dir: string): void {
  if (!isSupervised(dir)) return;
  const path = recordFile(dir);
  const by = existsSync(path) ? ` (supervisor ${parse(path).supervisorPid})` : "";
  throw new UserError("cannot start the cluster", [
    {
      where: resolve(dir),
      what: `a cluster runs there already${by}`,
      fix: `stop it: ordeal cluster stop --dir ${dir}; or use another directory`,
    },
  ]);
}

function parse(path: string): ClusterRecord {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ClusterRecord;
  } catch (error) {
    const fix = "end its supervisor process by hand and remove the file";
    throw new UserError("cannot read what runs there", [
      { where: path, what: (error as Error).message, fix },
    ]);
  }
}
