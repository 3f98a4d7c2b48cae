import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { FSYNC_DEFAULT } from "../../lib/fsync.ts";
import { lockDirectory } from "../../runtime/dir-lock.ts";
import { readLines } from "../../target/json-lines.ts";
import { type LocalOptions, prepareDir } from "../../target/local-dir.ts";
import { leaderOf } from "../../target/local-status.ts";
import { joinFirstGroups } from "../../target/shards/first-groups.ts";
import { LocalSupervisor } from "../../target/local-supervisor.ts";
import type { NodeStatus } from "../../target/target.ts";
import { until } from "../../target/until.ts";
import { serveControl } from "./control.ts";
import { addressOf } from "../load/address.ts";
import { refuseIfRunning, removeRecord, writeRecord } from "./record.ts";
import { askAll, type ClusterDocument, clusterDocument, print } from "./show.ts";

const MAIN = join(import.meta.dir, "..", "main.ts");
const LEADER_WITHIN_MS = 60_000;

/**
 * Runs a cluster as children of this process until SIGTERM, SIGINT or SIGHUP; prints its state once
 * it has a leader. Throws UserError on bad input.
 */
export async function superviseCluster(options: LocalOptions, json: boolean): Promise<void> {
  refuseIfRunning(options.dir);
  prepareDir(options);
  const lock = lockDirectory(resolve(options.dir));
  removeRecord(options.dir); // Of a supervisor that was killed: its pid may be another's by now.
  const supervisor = await LocalSupervisor.start(options, (failure) => console.error(failure));
  // From here on a signal is a request to stop; before, it ends us, and the nodes with us.
  const stopped = stopSignal();
  let control: ReturnType<typeof serveControl> | undefined;
  try {
    const { clusterId, nodes, storage, sharding } = supervisor.config;
    const fsync = storage === "memory" ? null : (supervisor.config.fsync ?? FSYNC_DEFAULT);
    const isSettled = ({ id, role }: NodeStatus): boolean =>
      role !== "down" || supervisor.nodes.hasRefused(id);
    const statuses = await until("a leader is elected", LEADER_WITHIN_MS, async () => {
      const said = await askAll(clusterId, nodes);
      return leaderOf(said) !== 0 && said.every(isSettled) ? said : null;
    });
    if (options.sharded !== undefined && sharding !== undefined) {
      await joinFirstGroups(addressOf(nodes, sharding.shards), options.sharded, sharding);
    }
    const write = (): void => {
      writeRecord(options.dir, {
        clusterId,
        supervisorPid: process.pid,
        controlPort: server.port,
        ...{ storage, fsync, shards: sharding?.shards },
        nodes: supervisor.config.nodes.map((node) => ({
          ...node,
          pid: supervisor.nodes.pid(node.id),
        })),
      });
    };
    const server = serveControl(supervisor, write);
    control = server;
    write();
    print(clusterDocument(statuses, { storage, fsync }), json);
    await stopped;
  } finally {
    await control?.stop();
    await supervisor.stop();
    removeRecord(options.dir);
    lock.release();
  }
}

/**
 * Starts a process in a session of its own that supervises the cluster, waits until there is a
 * leader, and prints the state. The exit code and the words of a supervisor that fails are ours.
 */
export async function startDetached(options: LocalOptions, json: boolean): Promise<void> {
  refuseIfRunning(options.dir);
  prepareDir(options);
  const log = join(resolve(options.dir), "supervisor.log");
  const logFile = openSync(log, "a");
  const before = statSync(log).size;
  const supervisor = Bun.spawn([process.execPath, MAIN, ...argumentsFor(options)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: logFile,
    detached: true,
  });
  closeSync(logFile);
  const interrupt = (): void => supervisor.kill("SIGTERM");
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  for await (const line of readLines(supervisor.stdout)) {
    print(JSON.parse(line) as ClusterDocument, json);
    process.exit(0);
  }
  const code = await supervisor.exited;
  console.error(readFileSync(log).subarray(before).toString().trim());
  process.exit(supervisor.signalCode === null ? code : 130);
}

function argumentsFor(options: LocalOptions): string[] {
  const { nodes, storage, fsync, dir, basePort, faultyLinks, seed, raft, sharded } = options;
  return [
    ...["cluster", "start", "--foreground", "--json", "-n", String(nodes), "--storage", storage],
    ...(fsync === undefined ? [] : ["--fsync", fsync]),
    ...["--dir", dir, "--seed", String(seed)],
    ...(basePort === undefined ? [] : ["--base-port", String(basePort)]),
    ...(faultyLinks ? ["--faulty-links"] : []),
    ...(raft?.snapshotEveryBytes === undefined
      ? []
      : ["--snapshot-every", String(raft.snapshotEveryBytes)]),
    ...(raft?.leaseReads === true ? ["--lease-reads"] : []),
    ...(sharded === undefined
      ? []
      : [
          ...["--shards", String(sharded.shards), "--groups", String(sharded.groups)],
          ...["--replicas", String(sharded.replicas)],
          ...["--idle-groups", String(sharded.idleGroups ?? 0)],
        ]),
  ];
}

const stopSignal = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => done());
  });
