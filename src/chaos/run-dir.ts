import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { Report } from "../report/schema.ts";
import { reportDir } from "../report/write.ts";

/** Where one run keeps what it leaves behind. */
export type RunDir = {
  readonly path: string;
  /** Data and logs of the nodes while they run. */
  readonly cluster: string;
  readonly history: string;
};

/** The history file, relative to the run. */
export const HISTORY_FILE = "history.bin";
const CLUSTER_DIR = "cluster";
const LOG_DIR = "logs";
/** As nodes call it in their directories, and where a run keeps it. */
const RECORDING = "recording.bin";
const RECORDING_DIR = "recordings";

/** Gathers the node logs in `logs/` and says where each is, relative to the run. */
export async function collectLogs(run: RunDir): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  await mkdir(join(run.path, LOG_DIR), { recursive: true });
  for (const name of (await readdir(run.cluster, { recursive: true })).sort()) {
    if (!name.endsWith(".log")) continue;
    const file = name.endsWith("node.log")
      ? `${name.split("/")[0]}.log`
      : name.replaceAll("/", "-");
    await rename(join(run.cluster, name), join(run.path, LOG_DIR, file));
    found[`log of ${file.slice(0, -".log".length)}`] = join(LOG_DIR, file);
  }
  return found;
}

/** Gathers what the nodes recorded in `recordings/`, as node-N.bin, like their logs. */
export async function collectRecordings(run: RunDir): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(run.cluster, { recursive: true })).sort()) {
    if (!name.endsWith(RECORDING)) continue;
    await mkdir(join(run.path, RECORDING_DIR), { recursive: true });
    const node = name.split("/")[0]!;
    const file = join(RECORDING_DIR, `${node}.bin`);
    await rename(join(run.cluster, name), join(run.path, file));
    found[`recording of ${node}`] = file;
  }
  return found;
}

/** What collectRecordings gathered; empty if no node recorded. */
export async function readRecordings(run: RunDir): Promise<readonly Uint8Array[]> {
  const dir = join(run.path, RECORDING_DIR);
  const files = await readdir(dir).catch(() => []);
  return Promise.all(files.sort().map((file) => Bun.file(join(dir, file)).bytes()));
}

export const deleteData = (run: RunDir): Promise<void> =>
  rm(run.cluster, { recursive: true, force: true });

export const deleteRun = (run: RunDir): Promise<void> =>
  rm(run.path, { recursive: true, force: true });

/** A fresh directory for a run, where its report will stand. Throws UserError when it cannot be made. */
export async function createRunDir(
  reportsDir: string,
  head: Pick<Report, "kind" | "name" | "runId">,
): Promise<RunDir> {
  const path = reportDir(reportsDir, head);
  // Absolute, because other processes are told of them.
  const cluster = resolve(path, CLUSTER_DIR);
  try {
    await mkdir(cluster, { recursive: true });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const fix = "give --reports a directory that can be written to";
    throw new UserError("cannot write reports", [{ where: reportsDir, what, fix }]);
  }
  return { path, cluster, history: resolve(path, HISTORY_FILE) };
}
