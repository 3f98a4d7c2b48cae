import * as v from "valibot";
import { FSYNC_MODES, FSYNC_OF_MEMORY, type FsyncMode } from "../lib/fsync.ts";
import { RAFT_DEFAULTS } from "../raft/api.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { CLIENT_AUTHS, type SecuritySettings } from "../security/node-security.ts";
import { type Overload, overloadSchema } from "./overload.ts";
import { readDocument } from "./read-document.ts";
import { type Sharding, shardingProblems, shardingSchema } from "./sharding.ts";

/** Where one node listens. Other nodes and clients reach it under the same address. */
export type NodeAddress = {
  /** 1 … 65535: it must fit the leader hint of a client response. */
  readonly id: number;
  readonly host: string;
  readonly peerPort: number;
  readonly clientPort: number;
  readonly httpPort: number;
};

export type PortName = "peerPort" | "clientPort" | "httpPort";

/** One file describes a whole cluster; every node of it reads the same file. */
export type NodeConfigFile = SecuritySettings & {
  /** Keeps the nodes, and the data, of two clusters apart. 1 … 64 printable ASCII characters. */
  readonly clusterId: string;
  readonly nodes: readonly NodeAddress[];
  /** Node N keeps everything in `dataDir/node-N`. A relative path counts from the working directory. */
  readonly dataDir: string;
  readonly storage: "disk" | "memory";
  /** When what goes to disk is synced. Default: batch. */
  readonly fsync?: FsyncMode | undefined;
  /**
   * Who votes at the very beginning, before the log says otherwise: the same for every node and for
   * ever. Default: all nodes, for a cluster that never changes.
   */
  readonly voters?: readonly number[] | undefined;
  /** All of `voters` have begun: one of them that finds its directory empty has lost its data. */
  readonly bootstrapped?: boolean | undefined;
  /** links[from][to] = "host:port": what `from` dials instead of `to`'s own peer port, a proxy. */
  readonly links?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** Instead of its own host, a node listens on these: `0.0.0.0`, say. */
  readonly listenHosts?: { readonly [port in PortName]?: string | undefined } | undefined;
  /** Many groups, each with a part of the keys. Absent: group 1 has all. */
  readonly sharding?: Sharding | undefined;
  readonly overload?: Overload | undefined;
  readonly raft?:
    | {
        readonly electionTimeoutMinMs?: number | undefined;
        readonly heartbeatIntervalMs?: number | undefined;
        /** A snapshot is taken after so many bytes of entries; 0: never. Default: 64 MiB. */
        readonly snapshotEveryBytes?: number | undefined;
        /** Reads without a round of heartbeats, as long as clocks drift by less than 5 %. */
        readonly leaseReads?: boolean | undefined;
      }
    | undefined;
};

const NODE_ID_MAX = 65_535;

const nodeId = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(1, "must be 1 or more"),
  v.maxValue(NODE_ID_MAX, `must be ${NODE_ID_MAX} or less`),
);
const port = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(1, "must be a port from 1 to 65535"),
  v.maxValue(65_535, "must be a port from 1 to 65535"),
);
const text = v.pipe(v.string("must be a string"), v.minLength(1, "must not be empty"));
const millis = v.pipe(
  v.number("must be a number of milliseconds"),
  v.minValue(1, "must be 1 ms or more"),
  v.maxValue(600_000, "must be 600000 ms or less"),
);

/** Where one node is. */
export const nodeAddressSchema = v.strictObject({
  ...{ id: nodeId, host: text },
  ...{ peerPort: port, clientPort: port, httpPort: port },
});

const Schema = v.strictObject({
  clusterId: v.pipe(
    text,
    v.maxLength(64, "must be 64 characters or fewer"),
    v.regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces"),
  ),
  nodes: v.pipe(
    v.array(nodeAddressSchema, "must be a list of nodes"),
    v.minLength(1, "must list at least one node"),
  ),
  dataDir: text,
  voters: v.optional(v.pipe(v.array(nodeId), v.minLength(1, "must name at least one node"))),
  bootstrapped: v.optional(v.boolean("must be true or false")),
  storage: v.picklist(["disk", "memory"], 'must be "disk" or "memory"'),
  fsync: v.optional(v.picklist(FSYNC_MODES, 'must be "always", "batch" or "never"')),
  links: v.optional(
    v.record(
      v.string(),
      v.record(v.string(), v.pipe(text, v.check(isHostPort, 'must be "host:port"'))),
    ),
  ),
  listenHosts: v.optional(
    v.strictObject({
      peerPort: v.optional(text),
      clientPort: v.optional(text),
      httpPort: v.optional(text),
    }),
  ),
  sharding: v.optional(shardingSchema),
  tls: v.optional(v.strictObject({ ca: text, cert: text, key: text })),
  clientAuth: v.optional(v.picklist(CLIENT_AUTHS, 'must be "token", "cert" or "none"')),
  tokenFile: v.optional(text),
  insecure: v.optional(v.boolean("must be true or false")),
  authWithinMs: v.optional(millis),
  overload: v.optional(overloadSchema),
  raft: v.optional(
    v.strictObject({
      electionTimeoutMinMs: v.optional(millis),
      heartbeatIntervalMs: v.optional(millis),
      snapshotEveryBytes: v.optional(
        v.pipe(
          v.number("must be a number of bytes"),
          v.integer("must be a whole number"),
          v.minValue(0, "must be 0 or more"),
        ),
      ),
      leaseReads: v.optional(v.boolean("must be true or false")),
    }),
  ),
});

/** Reads and checks a config file: JSON, YAML or TOML by its extension. Throws UserError that lists every problem in it. */
export const loadConfig = (path: string): NodeConfigFile =>
  parseConfig(readDocument(path, "cannot read the cluster config"), path);

/** Checks a parsed config; `where` names its source in the messages. Throws UserError. */
export function parseConfig(json: unknown, where: string): NodeConfigFile {
  const checked = checkConfig(json);
  if (checked.config !== null) return checked.config;
  const { length } = checked.problems;
  throw new UserError(
    `the cluster config ${where} has ${length} problem${length > 1 ? "s" : ""}`,
    checked.problems,
  );
}

/** The config, or every problem of it; `where` of each is the path of a key, like `nodes.0.host`. */
export function checkConfig(
  json: unknown,
):
  | { readonly config: NodeConfigFile; readonly problems: readonly [] }
  | { readonly config: null; readonly problems: readonly Problem[] } {
  const parsed = v.safeParse(Schema, json);
  const problems = parsed.success
    ? semanticProblems(parsed.output)
    : parsed.issues.map((issue) => schemaProblem(issue));
  if (problems.length > 0) return { config: null, problems };
  return { config: parsed.output as NodeConfigFile, problems: [] };
}

/** The membership of an empty log. */
export const firstVoters = ({ voters, nodes }: NodeConfigFile): readonly number[] =>
  [...new Set(voters ?? nodes.map((node) => node.id))].sort((a, b) => a - b);

/** The config with this mode instead. Throws UserError when there is nothing to sync. */
export function withFsync(config: NodeConfigFile, fsync: FsyncMode | undefined): NodeConfigFile {
  if (fsync === undefined) return config;
  if (config.storage === "disk") return { ...config, fsync };
  throw new UserError("bad option", [{ where: "--fsync", ...FSYNC_OF_MEMORY }]);
}

/** The config with other nodes and links; a string says what is wrong with them. */
export function withNodes(config: NodeConfigFile, body: unknown): NodeConfigFile | string {
  const given = typeof body === "object" && body !== null ? body : {};
  const { nodes, links } = given as { readonly nodes?: unknown; readonly links?: unknown };
  try {
    return parseConfig({ ...config, nodes, links }, "given");
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** The entry of node `id`. Throws UserError when the config has none. */
export function nodeAddress(config: NodeConfigFile, id: number): NodeAddress {
  const found = config.nodes.find((node) => node.id === id);
  if (found !== undefined) return found;
  throw new UserError("no such node", [
    {
      where: "--id",
      what: `the cluster "${config.clusterId}" has no node ${id}`,
      fix: `use one of ${config.nodes.map((node) => node.id).join(", ")}`,
    },
  ]);
}

/** Where `from` dials to reach the peer port of `to`: the override of `links`, else its own. */
export function peerEndpoint(
  config: NodeConfigFile,
  from: number,
  to: number,
): { readonly host: string; readonly port: number } {
  const override = config.links?.[from]?.[to];
  if (override === undefined) {
    const { host, peerPort } = nodeAddress(config, to);
    return { host, port: peerPort };
  }
  const colon = override.lastIndexOf(":");
  return { host: override.slice(0, colon), port: Number(override.slice(colon + 1)) };
}

/** Where node `id` itself listens, port by port. Throws UserError when the config has no such node. */
export type ListenAddress = NodeAddress & { readonly hosts: Readonly<Record<PortName, string>> };
export function listenAddress(config: NodeConfigFile, id: number): ListenAddress {
  const address = nodeAddress(config, id);
  const { peerPort, clientPort, httpPort } = config.listenHosts ?? {};
  const { host } = address;
  return {
    ...address,
    hosts: {
      peerPort: peerPort ?? host,
      clientPort: clientPort ?? host,
      httpPort: httpPort ?? host,
    },
  };
}

function isHostPort(value: string): boolean {
  const colon = value.lastIndexOf(":");
  const number = Number(value.slice(colon + 1));
  return colon > 0 && Number.isInteger(number) && number >= 1 && number <= 65_535;
}

function schemaProblem(issue: v.BaseIssue<unknown>): Problem {
  const where = v.getDotPath(issue) ?? "the document";
  const unexpected = issue.expected === "never";
  const missing = issue.received === "undefined" && !unexpected;
  if (unexpected) return { where, what: "is not a known setting", fix: "remove it" };
  if (missing) return { where, what: "is missing", fix: `add "${where.split(".").at(-1)}"` };
  // Of a length, valibot gives the number: "must not be empty, not 0" would help nobody.
  const received = issue.type.endsWith("_length") ? "" : `, not ${issue.received}`;
  return { where, what: `${issue.message}${received}`, fix: "correct the value" };
}

/** What the shape of the document cannot say: ids and addresses that clash, links to nobody. */
function semanticProblems(config: NodeConfigFile): Problem[] {
  const problems: Problem[] = [];
  if (config.storage === "memory" && config.fsync !== undefined) {
    problems.push({ where: "fsync", ...FSYNC_OF_MEMORY });
  }
  const ids = new Set<number>();
  const addresses = new Map<string, string>();
  for (const [i, node] of config.nodes.entries()) {
    if (ids.has(node.id)) {
      const what = `node ${node.id} is listed twice`;
      problems.push({ where: `nodes.${i}.id`, what, fix: "give every node an id of its own" });
    }
    ids.add(node.id);
    for (const name of ["peerPort", "clientPort", "httpPort"] as const) {
      const where = `nodes.${i}.${name}`;
      const address = `${node.host}:${node[name]}`;
      const other = addresses.get(address);
      if (other === undefined) addresses.set(address, where);
      else problems.push({ where, what: `${address} is also ${other}`, fix: "use another port" });
    }
  }
  for (const [from, links] of Object.entries(config.links ?? {})) {
    for (const to of Object.keys(links)) {
      if (from !== to && ids.has(Number(from)) && ids.has(Number(to))) continue;
      problems.push({
        where: `links.${from}.${to}`,
        what: from === to ? "a node does not dial itself" : "links a node that is not listed",
        fix: "remove it, or name two of the nodes",
      });
    }
  }
  if (config.sharding !== undefined) {
    const nodes = config.bootstrapped === true ? null : ids;
    problems.push(...shardingProblems(config.sharding, firstVoters(config), nodes));
  }
  return [...problems, ...timingProblems(config)];
}

function timingProblems({ raft }: NodeConfigFile): Problem[] {
  const election = raft?.electionTimeoutMinMs ?? RAFT_DEFAULTS.electionTimeoutMinMs;
  const heartbeat = raft?.heartbeatIntervalMs ?? RAFT_DEFAULTS.heartbeatIntervalMs;
  if (heartbeat * 2 <= election) return [];
  return [
    {
      where: "raft.heartbeatIntervalMs",
      what: `${heartbeat} ms leaves no room for a lost heartbeat in ${election} ms`,
      fix: "make it at most half of electionTimeoutMinMs",
    },
  ];
}
