/** A key or a value: text is taken as UTF-8; bytes are copied when the call is made. */
export type Data = string | Uint8Array;

/** How to reach a cluster, and how long to try. */
export type ConnectOptions = {
  /**
   * Client ports, "host:port" each ("[::1]:7001" for IPv6). One that answers is enough: the others are learned
   * from it, and again when the cluster changes. Those given here are reached at the address given.
   */
  readonly nodes: readonly string[];
  /** An operation, and `connect` itself, is given up after so many milliseconds; default 5000. */
  readonly timeoutMs?: number;
  /** Operations under way at a time, from 1 to 1024; further ones wait their turn. Default 64. */
  readonly concurrency?: number;
  /** Of `connect`. */
  readonly signal?: AbortSignal;
  /** Of a cluster that speaks TLS; absent: in plain text. */
  readonly tls?: TlsOptions;
  /** Shows who we are to a cluster whose clients show a token; only with `tls`. */
  readonly token?: string;
};

/** All of it as PEM text, not as paths. */
export type TlsOptions = {
  /** Certificates of the cluster's authority; nothing else is trusted. */
  readonly ca: string;
  /** Shows who we are instead of a token; with `key`. */
  readonly cert?: string;
  readonly key?: string;
};

/** What any operation may be given. */
export type OperationOptions = {
  /** Instead of the client's own. */
  readonly timeoutMs?: number;
  /** Ends the operation early: as failed if it surely took no effect, else with an unknown outcome. */
  readonly signal?: AbortSignal;
};

export type ReadOptions = OperationOptions & {
  /**
   * Reads what one node has, without asking the leader: fast, works without a majority, and may be out of
   * date. Default false: linearizable.
   */
  readonly local?: boolean;
};

/** Which keys, in the order of their bytes. */
export type ScanOptions = ReadOptions & {
  /** Only keys that begin so. */
  readonly prefix?: Data;
  /** From this key on, itself too; default: from the first with the prefix. */
  readonly from?: Data;
  /** Up to this key, without it; default: to the last with the prefix. */
  readonly to?: Data;
  /** No more than so many; default: all. */
  readonly limit?: number;
};

/** A key with its value. */
export type Entry = {
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
  /** Goes up with every write of the key; the first is 1 or more. */
  readonly version: number;
  /** The key as text. Throws TypeError when it is no UTF-8. */
  readonly key: string;
  /** The value as text. Throws TypeError when it is no UTF-8. */
  readonly value: string;
};

/** What came of a put that was to count at one version only. */
export type PutIfResult =
  /** Written; the key has this version now. */
  | { readonly kind: "written"; readonly version: number }
  /** Nothing was written: the key has this version; 0: it is absent. */
  | { readonly kind: "mismatch"; readonly version: number };

/** A cluster as its nodes describe it. */
export type ClusterView = {
  readonly clusterId: string;
  /** Shards; 0: nothing is sharded. */
  readonly shards: number;
  /** Ascending by id; where this client reaches them. */
  readonly nodes: readonly { readonly id: number; readonly host: string; readonly port: number }[];
};
