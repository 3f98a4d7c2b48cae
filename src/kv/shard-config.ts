import { crc32 } from "../lib/crc32.ts";

/** Shards of a cluster, from 1: fixed when it is started. */
export const SHARDS_MAX = 4096;
export const SHARDS_DEFAULT = 12;
/** The group of the shard controller; those of shards have ids above it. */
export const CONTROLLER_GROUP = 1;
/** Owner of a shard that no group has. */
export const NO_GROUP = 0;

/**
 * A shard config: which group owns each shard, and on which nodes each group runs. Numbered from 0
 * (no groups, no owners) without gaps, and never changed: a later one has the next number.
 */
export type ShardConfig = {
  readonly num: number;
  /** By shard: its group, or NO_GROUP. The length is the number of shards, the same in all. */
  readonly shards: readonly number[];
  /** By group, ascending: the nodes that it runs on, ascending. */
  readonly groups: readonly { readonly id: number; readonly nodes: readonly number[] }[];
};

/** The shard of a key: crc32 of its bytes modulo the number of shards, for every client and server. */
export const shardOf = (key: Uint8Array, shards: number): number => crc32(key) % shards;

let first: ShardConfig = { num: 0, shards: [], groups: [] };

/** Of all groups of a node the same object. */
export function firstConfig(shards: number): ShardConfig {
  if (first.shards.length !== shards) {
    first = { num: 0, shards: new Array<number>(shards).fill(NO_GROUP), groups: [] };
  }
  return first;
}

export const groupOf = (config: ShardConfig, group: number): ShardConfig["groups"][number] | null =>
  config.groups.find(({ id }) => id === group) ?? null;

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

/** As JSON, its fields always in this order: equal configs have equal bytes. */
export const encodeConfig = ({ num, shards, groups }: ShardConfig): Uint8Array<ArrayBuffer> =>
  utf8.encode(
    JSON.stringify({ num, shards, groups: groups.map(({ id, nodes }) => ({ id, nodes })) }),
  );

/** Configs kept below: the newest ones that anyone has decoded. */
const KEPT_MAX = 8;
/** By encoding, oldest first. */
const kept = new Map<string, ShardConfig>();

/**
 * Null: the bytes are no config. Equal bytes give the same object, which nobody changes: each of a thousand
 * groups on a node holds the config that all of them have adopted.
 */
export function decodeConfig(bytes: Uint8Array): ShardConfig | null {
  const json = jsonOf(bytes);
  if (json === null) return null;
  const known = kept.get(json);
  if (known !== undefined) return known;
  const config = parseConfig(json);
  if (config === null) return null;
  kept.set(json, config);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return config;
}

function parseConfig(json: string): ShardConfig | null {
  const value = parse(json);
  if (!isRecord(value)) return null;
  const { num, shards, groups } = value;
  if (!isCount(num) || !isCounts(shards) || !Array.isArray(groups)) return null;
  if (shards.length === 0 || shards.length > SHARDS_MAX) return null;
  const decoded: { id: number; nodes: number[] }[] = [];
  for (const group of groups) {
    if (!isRecord(group) || !isCount(group["id"]) || !isCounts(group["nodes"])) return null;
    decoded.push({ id: group["id"], nodes: group["nodes"] });
  }
  return { num, shards, groups: decoded };
}

function jsonOf(bytes: Uint8Array): string | null {
  try {
    return text.decode(bytes);
  } catch {
    return null;
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isCount);
