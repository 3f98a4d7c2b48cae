import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { FSYNC_OF_MEMORY, type FsyncMode } from "../lib/fsync.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { loadConfig, type NodeAddress, type NodeConfigFile } from "../runtime/config.ts";
import { freePorts, isFree } from "../runtime/free-ports.ts";
import { nodeSettingsOf } from "../security/cert-dir.ts";
import type { LocalNetwork } from "./local-network.ts";
import { placement, shardedProblems } from "./shards/placement.ts";
import type { Sharded } from "./target.ts";

export const NODES_MAX = 9;
const HOST = "127.0.0.1";
const PORTS_PER_NODE = 3;
const PORT_MAX = 65_535;

/** What a cluster on this machine is to be. */
export type LocalOptions = {
  readonly nodes: number;
  readonly storage: "disk" | "memory";
  /** Default: as the cluster had it, or batch. */
  readonly fsync?: FsyncMode | undefined;
  readonly dir: string;
  readonly faultyLinks: boolean;
  /** Puts a disk below every node that loses what was not synced, and fails when it is told to. */
  readonly faultyDisks?: boolean | undefined;
  /** Gives every node a clock that goes wrong when it is told to. */
  readonly faultyClocks?: boolean | undefined;
  readonly seed: number;
  readonly record?: boolean | undefined;
  /** Ports from here on, three a node, instead of any free ones. */
  readonly basePort?: number | undefined;
  /** Where the processes are; default: all on 127.0.0.1. */
  readonly network?: LocalNetwork | undefined;
  /** Root of the sources that the nodes run; default: our own. */
  readonly root?: string | undefined;
  /** More nodes, which run and are no members. */
  readonly spares?: number;
  /** Many groups; default: as the cluster had it. */
  readonly sharded?: Sharded | undefined;
  /** Settings of the nodes; default: those that the cluster had. */
  readonly raft?: NodeConfigFile["raft"];
  /** Encrypts everything, and asks for certificates and tokens, which it makes; default: as the cluster had it. */
  readonly tls?: boolean | undefined;
};

/** Where the certificates of a cluster are that has any. */
export const certsDir = (dir: string): string => join(resolve(dir), "certs");

/** Where node `id` records, if it does. */
export const recordFile = (dir: string, id: number): string =>
  join(resolve(dir), `node-${id}`, "recording.bin");

export const configFile = (dir: string): string => join(resolve(dir), "config.json");

/**
 * Checks the options and makes the directory. Returns the config of the cluster whose data are
 * there, or null. Throws UserError that lists every problem; nothing but an empty directory is
 * created then.
 */
export function prepareDir(options: LocalOptions): NodeConfigFile | null {
  const { nodes } = options;
  const problems: Problem[] = [];
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    const fix = `choose 1 to ${NODES_MAX}; 3 and 5 are usual`;
    problems.push({ where: "nodes", what: `a cluster of ${nodes} nodes`, fix });
  }
  if (problems.length === 0) problems.push(...basePortProblems(options));
  if (options.storage === "memory" && options.fsync !== undefined) {
    problems.push({ where: "--fsync", ...FSYNC_OF_MEMORY });
  }
  if (options.sharded !== undefined) problems.push(...shardedProblems(options.sharded, nodes));
  if (options.tls === true) problems.push(...tlsProblems(options));
  problems.push(...dirProblems(options.dir));
  if (problems.length > 0) throw new UserError("cannot start the cluster", problems);
  if (!existsSync(configFile(options.dir))) return null;
  const previous = loadConfig(configFile(options.dir));
  const differences = differencesFrom(previous, options);
  if (previous.tls !== undefined) differences.push(...tlsProblems(options));
  if (differences.length > 0) throw new UserError("the data are of another cluster", differences);
  return previous;
}

/** The config of a cluster, with the ports it had, if they are free, or other ones. */
export function newConfig(options: LocalOptions, previous: NodeConfigFile | null): NodeConfigFile {
  const id = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, "0");
  const nodes = addresses(options, previous);
  const voters = previous?.voters ?? nodes.slice(0, options.nodes).map((node) => node.id);
  return {
    clusterId: previous?.clusterId ?? `ordeal-${id}`,
    nodes,
    voters,
    bootstrapped: previous?.bootstrapped ?? false,
    dataDir: resolve(options.dir),
    storage: options.storage,
    fsync: options.fsync ?? previous?.fsync,
    sharding: previous?.sharding ?? (options.sharded && placement(options.sharded, voters)),
    raft: options.raft ?? previous?.raft,
    overload: previous?.overload,
    ...((options.tls === true || previous?.tls !== undefined) &&
      nodeSettingsOf(certsDir(options.dir))),
    // Addresses of its own that nobody else has a way to.
    ...(options.network !== undefined && { insecure: true }),
  };
}

/**
 * Addresses of `count` more nodes on free ports. Their ids are above any that was ever used in the
 * directory: an id stands for what its node has promised, and is not given to another.
 */
export function newAddresses(config: NodeConfigFile, count: number): readonly NodeAddress[] {
  const ids = [...config.nodes.map((node) => node.id), ...(config.voters ?? [])];
  for (const name of readdirSync(config.dataDir)) {
    const id = /^node-(\d+)$/.exec(name)?.[1];
    if (id !== undefined) ids.push(Number(id));
  }
  const last = Math.max(...ids);
  return freePorts(count * PORTS_PER_NODE).reduce<NodeAddress[]>((nodes, port, i, ports) => {
    if (i % PORTS_PER_NODE > 0) return nodes;
    const [clientPort, httpPort] = ports.slice(i + 1);
    const id = last + 1 + nodes.length;
    return [
      ...nodes,
      { id, host: HOST, peerPort: port, clientPort: clientPort!, httpPort: httpPort! },
    ];
  }, []);
}

/** Replaces the config file in one step: a crash leaves the old one or the new one. */
export function writeConfig(config: NodeConfigFile): void {
  const path = configFile(config.dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(config, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

function addresses(options: LocalOptions, previous: NodeConfigFile | null): readonly NodeAddress[] {
  const total = options.nodes + (options.spares ?? 0);
  const count = total * PORTS_PER_NODE;
  const before = previous?.nodes.flatMap((n) => [n.peerPort, n.clientPort, n.httpPort]) ?? [];
  let ports: readonly number[];
  if (options.basePort !== undefined) ports = portsFrom(options.basePort, count);
  else if (before.length === count && before.every(isFree)) ports = before;
  else ports = freePorts(count);
  return Array.from({ length: total }, (_, i) => {
    const [peerPort, clientPort, httpPort] = ports.slice(i * PORTS_PER_NODE);
    return {
      id: previous?.nodes[i]?.id ?? i + 1,
      host: options.network?.hosts[i] ?? HOST,
      peerPort: peerPort!,
      clientPort: clientPort!,
      httpPort: httpPort!,
    };
  });
}

const portsFrom = (base: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => base + i);

function basePortProblems({ basePort, nodes }: LocalOptions): Problem[] {
  if (basePort === undefined) return [];
  const count = nodes * PORTS_PER_NODE;
  const highest = PORT_MAX - count + 1;
  if (!Number.isInteger(basePort) || basePort < 1 || basePort > highest) {
    const what = `${basePort} leaves no room for ${count} ports`;
    return [{ where: "base port", what, fix: `choose 1024 to ${highest}` }];
  }
  return portsFrom(basePort, count)
    .filter((port) => !isFree(port))
    .map((port) => ({
      where: `port ${port}`,
      what: "is in use, or not allowed to this user",
      fix: "end the process that listens there, or choose another base port",
    }));
}

function tlsProblems({ faultyLinks }: LocalOptions): Problem[] {
  if (!faultyLinks) return [];
  const what = "a proxy cannot look into what is encrypted";
  return [{ where: "--faulty-links", what, fix: "leave it out, or --tls" }];
}

function dirProblems(dir: string): Problem[] {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const what = (error as Error).message;
    return [{ where: dir, what, fix: "give a directory that this user can write to" }];
  }
}

function differencesFrom(previous: NodeConfigFile, options: LocalOptions): Problem[] {
  const where = configFile(options.dir);
  const problems: Problem[] = [];
  if (previous.nodes.length !== options.nodes) {
    problems.push({
      where,
      what: `the data are of ${previous.nodes.length} nodes, not ${options.nodes}`,
      fix: `start ${previous.nodes.length} nodes, or use another directory`,
    });
  }
  if (previous.storage !== options.storage) {
    problems.push({
      where,
      what: `the cluster keeps its data ${whereabouts(previous)}, not ${whereabouts(options)}`,
      fix: `use the storage "${previous.storage}", or another directory`,
    });
  }
  const { sharded } = options;
  if (sharded !== undefined && previous.sharding?.shards !== sharded.shards) {
    const had =
      previous.sharding === undefined ? "not sharded" : `${previous.sharding.shards} shards`;
    problems.push({
      where,
      what: `the cluster is ${had}, not ${sharded.shards} shards`,
      fix: "leave out --shards and --groups, or use another directory",
    });
  }
  return problems;
}

const whereabouts = ({ storage }: { readonly storage: "disk" | "memory" }): string =>
  storage === "disk" ? "on disk" : "in memory";
