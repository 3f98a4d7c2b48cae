import { rebalance } from "./rebalance.ts";
import { CONTROLLER_GROUP, groupOf, type ShardConfig } from "./shard-config.ts";
import { OP_JOIN, OP_LEAVE, OP_MOVE, OP_REBALANCE } from "./shard-ops.ts";

/** What the controller is asked to change. */
export type ConfigChange =
  | { readonly kind: "join"; readonly groups: ShardConfig["groups"] }
  | { readonly kind: "leave"; readonly groups: readonly number[] }
  | { readonly kind: "move"; readonly shard: number; readonly group: number }
  /** Spreads the shards evenly again, after moves. */
  | { readonly kind: "rebalance" };

/** Nodes of one group. */
export const GROUP_NODES_MAX = 9;
const GROUP_MAX = 0xffff_ffff;

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });
const NO_BYTES = new Uint8Array(0);

export const changeOp = ({ kind }: ConfigChange): number =>
  ({ join: OP_JOIN, leave: OP_LEAVE, move: OP_MOVE, rebalance: OP_REBALANCE })[kind];

/** The value of the command that asks for it. */
export function encodeChange(change: ConfigChange): Uint8Array<ArrayBuffer> {
  const { kind: _, ...rest } = change;
  return utf8.encode(JSON.stringify(rest));
}

/** The value of a query: config `num`, or the newest. */
export const encodeQuery = (num: number | null): Uint8Array<ArrayBuffer> =>
  utf8.encode(JSON.stringify({ num: num ?? -1 }));

/** The number that is asked for, -1: the newest; null: the bytes are no query. */
export function decodeQuery(value: Uint8Array): number | null {
  const { num } = fields(value);
  return Number.isSafeInteger(num) && (num as number) >= -1 ? (num as number) : null;
}

/** Null: the bytes are not such a change, whatever the config. */
export function decodeChange(op: number, value: Uint8Array): ConfigChange | null {
  const { groups, shard, group } = fields(value);
  if (op === OP_REBALANCE) return { kind: "rebalance" };
  if (op === OP_MOVE) {
    return isCount(shard) && isCount(group) ? { kind: "move", shard, group } : null;
  }
  if (!Array.isArray(groups) || groups.length === 0) return null;
  if (op === OP_LEAVE) {
    return groups.every(isCount) ? { kind: "leave", groups: ascending(groups) } : null;
  }
  if (op !== OP_JOIN) return null;
  const joining: { id: number; nodes: number[] }[] = [];
  for (const one of groups) {
    const { id, nodes } = (one ?? {}) as Record<string, unknown>;
    if (!isCount(id) || !Array.isArray(nodes) || !nodes.every(isCount)) return null;
    joining.push({ id, nodes: ascending(nodes) });
  }
  return { kind: "join", groups: joining.sort((a, b) => a.id - b.id) };
}

/** The config that comes of it, or why there is none, in a sentence. */
export function applyChange(config: ShardConfig, change: ConfigChange): ShardConfig | string {
  const num = config.num + 1;
  if (change.kind === "move") {
    const { shard, group } = change;
    if (shard >= config.shards.length) return `there is no shard ${shard}`;
    if (groupOf(config, group) === null) return `group ${group} has not joined`;
    return { ...config, num, shards: config.shards.with(shard, group) };
  }
  if (change.kind === "rebalance") {
    const shards = rebalance(config.shards, config.groups);
    const isSame = shards.every((group, shard) => group === config.shards[shard]);
    return isSame ? "the shards are spread evenly already" : { ...config, num, shards };
  }
  const problem =
    change.kind === "join" ? joinProblem(config, change.groups) : leaveProblem(config, change);
  if (problem !== null) return problem;
  const groups =
    change.kind === "join"
      ? [...config.groups, ...change.groups].sort((a, b) => a.id - b.id)
      : config.groups.filter(({ id }) => !change.groups.includes(id));
  return { num, groups, shards: rebalance(config.shards, groups) };
}

function joinProblem(config: ShardConfig, joining: ShardConfig["groups"]): string | null {
  for (const [i, { id, nodes }] of joining.entries()) {
    if (id <= CONTROLLER_GROUP || id > GROUP_MAX) return `${id} is not a group of shards`;
    if (groupOf(config, id) !== null || joining[i - 1]?.id === id) {
      return `group ${id} has joined already`;
    }
    if (nodes.length === 0 || nodes.length > GROUP_NODES_MAX) {
      return `group ${id} has ${nodes.length} nodes, 1 to ${GROUP_NODES_MAX} are possible`;
    }
    if (new Set(nodes).size < nodes.length) return `group ${id} has a node twice`;
  }
  return null;
}

function leaveProblem(
  config: ShardConfig,
  { groups }: Extract<ConfigChange, { kind: "leave" }>,
): string | null {
  const absent = groups.find((id) => groupOf(config, id) === null);
  return absent === undefined ? null : `group ${absent} has not joined`;
}

function fields(value: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text.decode(value.length > 0 ? value : NO_BYTES));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
