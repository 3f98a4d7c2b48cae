import { hostname } from "node:os";
import { FSYNC_MODES } from "../lib/fsync.ts";

/** How a setting is written in the environment and in a flag; a file has its own types. */
type Kind = "text" | "number" | "switch" | "ids";

/** One thing that a person can set of a node: by a key of the file, a variable, or a flag. */
export type Setting = {
  /** Its place in the file: `raft.leaseReads`. */
  readonly key: string;
  /** Without dashes. The variable is named after it: ORDEAL_DATA_DIR is --data-dir. */
  readonly flag: string;
  readonly kind: Kind;
  readonly about: string;
  readonly fallback?: string;
};

/** All of them, in the order of the help. */
export const SETTINGS: readonly Setting[] = [
  { key: "id", flag: "id", kind: "number", about: "which node this is, from 1 on" },
  {
    ...{ key: "idFromHostname", flag: "id-from-hostname", kind: "switch" },
    about: "the id is one more than the number at the end of the host name: ordeal-0 is node 1",
  },
  {
    ...{ key: "clusterId", flag: "cluster", kind: "text" },
    about: "name of the cluster, the same for every node",
  },
  {
    ...{ key: "dataDir", flag: "data-dir", kind: "text", fallback: "data" },
    about: "node N keeps everything in DIR/node-N",
  },
  {
    ...{ key: "listenPeer", flag: "listen-peer", kind: "text", fallback: "127.0.0.1:7101" },
    about: "HOST:PORT for other nodes",
  },
  {
    ...{ key: "listenClient", flag: "listen-client", kind: "text", fallback: "127.0.0.1:7201" },
    about: "HOST:PORT for clients",
  },
  {
    ...{ key: "listenHttp", flag: "listen-http", kind: "text", fallback: "127.0.0.1:7301" },
    about: "HOST:PORT for HTTP: status, administration, and to be found by other nodes",
  },
  {
    ...{ key: "advertise", flag: "advertise", kind: "text" },
    about: "host by which others reach this node; default: that of listen-peer, or the host name",
  },
  {
    ...{ key: "peers", flag: "peers", kind: "text" },
    about: "where to find the other nodes: host:port,… (HTTP ports), file://, dns+srv://, dns+a://",
  },
  {
    ...{ key: "voters", flag: "voters", kind: "ids" },
    about: "ids that vote first, the same for every node: 1-3 or 1,2,3; default: those of peers",
  },
  {
    ...{ key: "join", flag: "join", kind: "text" },
    about: "join the running cluster that is found there (as peers), with an id of one's own",
  },
  {
    ...{ key: "learner", flag: "learner", kind: "switch" },
    about: "join without a vote",
  },
  {
    ...{ key: "bootstrapped", flag: "bootstrapped", kind: "switch" },
    about: "all first voters have begun: one that finds its directory empty has lost its data",
  },
  {
    ...{ key: "storage", flag: "storage", kind: "text", fallback: "disk" },
    about: "disk, or memory: a node that restarts has forgotten its vote",
  },
  {
    ...{ key: "fsync", flag: "fsync", kind: "text" },
    about: `when the log is synced: ${FSYNC_MODES.join(", ")} (never is UNSAFE); default: batch`,
  },
  {
    ...{ key: "raft.electionTimeoutMinMs", flag: "election-timeout-ms", kind: "number" },
    about: "silence after which an election is held, the least",
  },
  {
    ...{ key: "raft.heartbeatIntervalMs", flag: "heartbeat-ms", kind: "number" },
    about: "time between heartbeats",
  },
  {
    ...{ key: "raft.snapshotEveryBytes", flag: "snapshot-every", kind: "number" },
    about: "a snapshot is taken after so many bytes of entries; 0: never",
  },
  {
    ...{ key: "raft.leaseReads", flag: "lease-reads", kind: "switch" },
    about: "reads without a round of heartbeats while the lease is valid",
  },
  {
    ...{ key: "overload.queueMs", flag: "overload-queue-ms", kind: "number" },
    about:
      "requests that would wait for longer are refused as overloaded; 0: they wait; default: 500",
  },
  {
    ...{ key: "overload.queueMax", flag: "overload-queue-max", kind: "number" },
    about: "requests of a group that may wait at all; default: 131072",
  },
  { key: "tls.ca", flag: "tls-ca", kind: "text", about: "certificates of the cluster's authority" },
  {
    ...{ key: "tls.cert", flag: "tls-cert", kind: "text" },
    about: "certificate of this node; {id} in these paths is its id",
  },
  { key: "tls.key", flag: "tls-key", kind: "text", about: "its key; only its owner may read it" },
  {
    ...{ key: "clientAuth", flag: "client-auth", kind: "text" },
    about:
      "how clients show who they are: token (or a certificate), cert, none; default: token if there is one, else cert",
  },
  {
    ...{ key: "tokenFile", flag: "token-file", kind: "text" },
    about:
      "file of the tokens that clients may show, one a line; or the token itself in $ORDEAL_TOKEN",
  },
  {
    ...{ key: "authWithinMs", flag: "auth-within-ms", kind: "number" },
    about: "a connection that has not shown who it is by then is closed; default: 5000",
  },
  {
    ...{ key: "insecure", flag: "insecure", kind: "switch" },
    about: "bind to more than loopback although anybody who reaches it can do anything",
  },
  { key: "log", flag: "log", kind: "text", about: "log file; default: DIR/node-N/node.log" },
];

export const variableOf = ({ flag }: Setting): string =>
  `ORDEAL_${flag.toUpperCase().replaceAll("-", "_")}`;

/** What the text of a variable or flag means; null: it is not what it should be. */
export function readSetting({ kind }: Setting, text: string): unknown {
  switch (kind) {
    case "text":
      return text === "" ? null : text;
    case "number": {
      const value = Number(text);
      return text.trim() === "" || !Number.isFinite(value) ? null : value;
    }
    case "switch":
      if (["true", "1", "yes", "on"].includes(text)) return true;
      return ["false", "0", "no", "off"].includes(text) ? false : null;
    case "ids":
      return readIds(text);
  }
}

export const KIND_TEXT: Readonly<Record<Kind, string>> = {
  text: "a text",
  number: "a number",
  switch: "true or false",
  ids: "ids like 1,2,3 or 1-3",
};

/** `1,2,3`, `1-3`, `1-3,7`. */
export function readIds(text: string): readonly number[] | null {
  const ids: number[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (match === null) return null;
    const from = Number(match[1]);
    const to = Number(match[2] ?? from);
    if (to < from || to - from > 255) return null;
    for (let id = from; id <= to; id++) ids.push(id);
  }
  return ids;
}

/** `ordeal-0` is node 1, as in a StatefulSet; null: the name ends in no number. */
export function idFromHostname(name = hostname()): number | null {
  // In a cluster's DNS the number is at the end of the first label.
  const match = /-(\d{1,5})$/.exec(name.split(".")[0]!);
  return match === null ? null : Number(match[1]) + 1;
}
