import * as v from "valibot";
import { CONTROLLER_GROUP, SHARDS_MAX } from "../kv/shard-config.ts";
import { asGroup, type GroupId } from "../lib/ids.ts";
import type { Problem } from "../lib/user-error.ts";

/** How a sharded cluster begins. The same for every node and for ever, as `voters` is. */
export type Sharding = {
  /** Into how many parts the keys are divided. */
  readonly shards: number;
  /** Nodes of each group, by its id. "1" is the controller; its nodes are the first voters. */
  readonly groups: Readonly<Record<string, readonly number[]>>;
};

/** A group, and the nodes that are its members at the very beginning. */
export type GroupPlace = { readonly id: GroupId; readonly nodes: readonly number[] };

const GROUP_ID_MAX = 0xffff_ffff;

/** What a config file and POST /admin/groups say of the nodes of a group. */
export const memberNodes = v.pipe(
  v.array(v.pipe(v.number("must be a number"), v.integer("must be a whole number"))),
  v.minLength(1, "must name at least one node"),
);

export const groupId = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(1, "must be 1 or more"),
  v.maxValue(GROUP_ID_MAX, `must be ${GROUP_ID_MAX} or less`),
);

export const shardingSchema = v.strictObject({
  shards: v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(1, "must be 1 or more"),
    v.maxValue(SHARDS_MAX, `must be ${SHARDS_MAX} or less`),
  ),
  groups: v.record(v.string(), memberNodes),
});

/** The groups of the config, by id. */
export const placesOf = ({ groups }: Sharding): readonly GroupPlace[] =>
  Object.entries(groups)
    .map(([id, nodes]) => ({ id: asGroup(Number(id)), nodes }))
    .sort((a, b) => a.id - b.id);

/**
 * What the shape of the setting cannot say. `voters`: the first ones of the cluster. `nodes`: those that
 * groups may be on; null: the cluster has begun, and some of them may have left.
 */
export function shardingProblems(
  { groups }: Sharding,
  voters: readonly number[],
  nodes: ReadonlySet<number> | null,
): Problem[] {
  const problems: Problem[] = [];
  for (const [name, members] of Object.entries(groups)) {
    const where = `sharding.groups.${name}`;
    const id = Number(name);
    if (String(id) !== name || !v.is(groupId, id)) {
      const fix = `use a number from 1 to ${GROUP_ID_MAX}`;
      problems.push({ where, what: "is no id of a group", fix });
    }
    problems.push(...memberProblems(where, members, nodes));
  }
  const controllers = groups[CONTROLLER_GROUP];
  const where = `sharding.groups.${CONTROLLER_GROUP}`;
  const fix = `make it [${voters.join(", ")}]: the shard controller is on all nodes that vote first`;
  if (controllers === undefined) problems.push({ where, what: "is missing", fix });
  else if ([...controllers].sort((a, b) => a - b).join() !== voters.join()) {
    problems.push({ where, what: "does not name the first voters", fix });
  }
  return problems;
}

/** What is wrong with the nodes of one group. */
export function memberProblems(
  where: string,
  members: readonly number[],
  nodes: ReadonlySet<number> | null,
): Problem[] {
  const problems: Problem[] = [];
  if (new Set(members).size < members.length) {
    problems.push({ where, what: "names a node twice", fix: "name each node once" });
  }
  for (const node of members) {
    if (nodes === null || nodes.has(node)) continue;
    const fix = `use nodes of ${[...nodes].join(", ")}`;
    problems.push({ where, what: `node ${node} is not listed`, fix });
  }
  return problems;
}
