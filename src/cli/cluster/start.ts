import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { ownCommand } from "../../runtime/self.ts";
import { readLines } from "../../target/json-lines.ts";
import { type LocalOptions, prepareDir } from "../../target/local-dir.ts";
import { openCluster } from "./open.ts";
import { refuseIfRunning } from "./record.ts";
import { type ClusterDocument, clusterDocument, print } from "./show.ts";

/**
 * Runs a cluster as children of this process until SIGTERM, SIGINT or SIGHUP; prints its state once
 * it has a leader. Throws UserError on bad input.
 */
export async function superviseCluster(options: LocalOptions, json: boolean): Promise<void> {
  // Once the nodes run a signal is a request to stop; before, it ends us, and the nodes with us.
  let stopped = Promise.resolve();
  const begun = (): void => {
    stopped = stopSignal();
  };
  const cluster = await openCluster(options, {
    begun,
    failed: (failure) => console.error(failure),
  });
  try {
    const { storage, fsync } = cluster.record;
    print(clusterDocument(cluster.statuses, { storage, fsync }), json);
    await stopped;
  } finally {
    await cluster.stop();
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
  const supervisor = Bun.spawn(ownCommand("ordeal", argumentsFor(options)), {
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
  const { nodes, storage, fsync, dir, basePort, faultyLinks, seed, raft, sharded, tls } = options;
  return [
    ...["cluster", "start", "--foreground", "--json", "-n", String(nodes), "--storage", storage],
    ...(fsync === undefined ? [] : ["--fsync", fsync]),
    ...["--dir", dir, "--seed", String(seed)],
    ...(basePort === undefined ? [] : ["--base-port", String(basePort)]),
    ...(faultyLinks ? ["--faulty-links"] : []),
    ...(tls === true ? ["--tls"] : []),
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
