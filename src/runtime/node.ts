import { join } from "node:path";
import { EXIT_USAGE, UserError } from "../lib/user-error.ts";
import { type NodeConfigFile, nodeAddress } from "./config.ts";
import type { ClockSkew } from "./faulty-clock.ts";
import type { FaultyDiskSpec } from "./faulty-disk.ts";
import { type Log, openLog } from "./logging.ts";
import { OrdealNode } from "./ordeal-node.ts";
import { dieWithParent, exitWhenStdinEnds } from "./parent.ts";
import { openRecordFile } from "./record-file.ts";

/** Starts something that goes on beside a node. `onFatal` ends the process. */
export type Alongside = (
  node: OrdealNode,
  log: Log,
  onFatal: (error: unknown) => void,
) => { stop(): void };

export type NodeOptions = {
  readonly config: NodeConfigFile;
  readonly id: number;
  /** Default: dataDir/node-N/node.log. */
  readonly logFile?: string | undefined;
  /** Stdin is a pipe from the process that started this one: its end means that process is gone. */
  readonly parentPipe: boolean;
  /** The node is new in a cluster that runs: it may begin with an empty directory. */
  readonly isJoining: boolean;
  /** A file to append a recording to (replica/recording.ts). */
  readonly recordFile?: string | undefined;
  /** Looks for the other nodes, say. */
  readonly alongside?: Alongside | undefined;
  /**
   * For chaos runs: the node's disk loses what was not synced, and fails on orders that come over the
   * parent's pipe.
   */
  readonly faultyDisk?: FaultyDiskSpec | undefined;
  /** For chaos runs: the node's clock goes wrong on such orders. */
  readonly faultyClock?: ClockSkew | undefined;
};

/** What a supervisor starts a node with; `config` is the path of the config file. */
export type NodeChildSpec = Pick<
  NodeOptions,
  "id" | "isJoining" | "recordFile" | "faultyDisk" | "faultyClock"
> & {
  readonly config: string;
};

/** Our own failure: a bug, or a disk that cannot be trusted (sysexits' EX_SOFTWARE). */
const EXIT_SOFTWARE = 70;

/**
 * Runs one node in this process until SIGTERM or SIGINT, then resolves. Prints the ready line on
 * stdout once its three ports listen. Throws UserError for what a person can mend; a failure of the
 * node itself is logged and ends the process with exit code 70.
 */
export async function runNode(options: NodeOptions): Promise<void> {
  const { config, id, parentPipe, isJoining, recordFile, faultyDisk, faultyClock } = options;
  if (parentPipe) {
    dieWithParent();
    exitWhenStdinEnds();
  }
  nodeAddress(config, id);
  const stopped = stopSignal();
  const log = openNodeLog(options);
  const onFatal = (error: unknown): never => fatal(log, error);
  process.on("uncaughtException", onFatal);
  process.on("unhandledRejection", onFatal);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const record = recordFile === undefined ? undefined : openRecordFile(recordFile);
  const disk = faultyDisk && (await import("./faulty-disk.ts")).openFaultyDisk(faultyDisk);
  const clock = faultyClock && (await import("./faulty-clock.ts")).openFaultyClock(faultyClock);
  const node = begin(log, () => {
    return new OrdealNode({ config, id, isJoining, log, seed, record, disk, clock, onFatal });
  });
  const ready = { ready: true, id, pid: process.pid, ...node.ports };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  const beside = options.alongside?.(node, log, onFatal);
  await stopped;
  beside?.stop();
  await node.admin.resign();
  await node.stop();
  // Or else the watch on it would keep the process alive.
  if (parentPipe) process.stdin.destroy();
}

/** A node that refuses to start says why in its log, too: nobody may see what it prints. */
function begin(log: Log, start: () => OrdealNode): OrdealNode {
  try {
    return start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ event: "refused", reason }, "the node does not start");
    throw error;
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process as it always does. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}

function openNodeLog({ config, id, logFile }: NodeOptions): Log {
  const file = logFile ?? join(config.dataDir, `node-${id}`, "node.log");
  try {
    return openLog(file, id);
  } catch (error) {
    const what = (error as Error).message;
    const fix = "give a directory that this user may write to";
    throw new UserError("cannot open the node's log", [{ where: file, what, fix }]);
  }
}

function fatal(log: Log, error: unknown): never {
  if (error instanceof UserError) {
    log.error({ event: "refused", reason: error.message }, "the node cannot go on");
    console.error(error.message);
    process.exit(EXIT_USAGE);
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  log.error({ event: "fatal", reason: message, stack }, "the node must end");
  console.error(stack ?? message);
  process.exit(EXIT_SOFTWARE);
}
