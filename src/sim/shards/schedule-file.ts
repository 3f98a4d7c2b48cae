import * as v from "valibot";
import type { Problem } from "../../lib/user-error.ts";
import type { Violation } from "../api.ts";
import { configSchema, count, positive, span } from "../schedule-config.ts";
import {
  badSchedule,
  documentText,
  type Found,
  found,
  issueProblem,
  operationSchema,
  strangers,
} from "../schedule-document.ts";
import { SHARD_NODES_MAX, type ShardSchedule } from "./api.ts";

/** A schedule of a sharded cluster as a file (JSON), as ScheduleFile of one that is not. */
export type ShardScheduleFile = Found & { readonly sharded: ShardSchedule };

const some = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096));
const node = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(SHARD_NODES_MAX));
const group = some;
const atMs = span;
const who = v.union([v.strictObject({ node }), v.strictObject({ leaderOf: group })]);

const change = v.variant("kind", [
  v.strictObject({
    kind: v.literal("join"),
    groups: v.array(v.strictObject({ id: group, nodes: v.array(node) })),
  }),
  v.strictObject({ kind: v.literal("leave"), groups: v.array(group) }),
  v.strictObject({ kind: v.literal("move"), shard: count, group }),
]);

const action = v.variant("kind", [
  v.strictObject({ atMs, kind: v.literal("change"), change }),
  v.strictObject({
    atMs,
    kind: v.picklist(["crash", "restart", "pause", "resume", "snapshot"]),
    who,
  }),
  v.strictObject({
    atMs,
    kind: v.literal("powerLoss"),
    who,
    keeps: v.picklist(["nothing", "prefix", "subset", "torn"]),
  }),
  v.strictObject({ atMs, kind: v.literal("diskStall"), who, ms: span }),
  v.strictObject({ atMs, kind: v.literal("partition"), nodes: v.array(node) }),
  v.strictObject({
    atMs,
    kind: v.literal("isolate"),
    who,
    direction: v.picklist(["both", "in", "out"]),
  }),
  v.strictObject({ atMs, kind: v.literal("transfer"), group, to: node }),
  v.strictObject({
    atMs,
    kind: v.picklist(["loss", "agentLoss"]),
    ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  }),
  v.strictObject({ atMs, kind: v.literal("heal") }),
]);

const fileSchema = v.strictObject({
  ...found,
  sharded: v.strictObject({
    version: v.literal(1),
    seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    nodes: node,
    groups: some,
    replicas: node,
    shards: some,
    durationMs: positive,
    config: configSchema,
    quiesce: v.optional(v.boolean()),
    agentDelayMs: v.optional(span),
    actions: v.array(action),
    operations: v.array(operationSchema),
  }),
});

export const shardScheduleText = (
  sharded: ShardSchedule,
  violation: Violation | null,
  reason: string,
): string => documentText(reason, violation, { sharded });

/** Whether the text is of a sharded cluster's schedule, sound or not. */
export function isShardSchedule(text: string): boolean {
  try {
    return "sharded" in (JSON.parse(text) as object);
  } catch {
    return false;
  }
}

/** Checks the text of such a file; `where` names it. Throws UserError with every problem. */
export function parseShardSchedule(text: string, where: string): ShardScheduleFile {
  const parsed = v.safeParse(fileSchema, JSON.parse(text));
  if (!parsed.success) throw badSchedule(where, parsed.issues.map(problemOf));
  const problems = problemsOf(parsed.output.sharded);
  if (problems.length > 0) throw badSchedule(where, problems);
  return parsed.output;
}

const problemOf = (issue: v.BaseIssue<unknown>): Problem =>
  issueProblem(issue, "correct it, or run the failing seed again");

/** What no single value shows. */
function problemsOf({ nodes, replicas, config, actions, operations }: ShardSchedule): Problem[] {
  const problems: Problem[] = [];
  if (replicas > nodes) {
    const what = `${replicas} replicas are more than ${nodes} nodes`;
    problems.push({ where: "sharded.replicas", what, fix: "use fewer" });
  }
  problems.push(...strangers("sharded", operations, config.clients));
  const beyond = actions.findIndex((one) => nodesIn(one).some((id) => id > nodes));
  if (beyond !== -1) {
    const what = `names a node beyond the ${nodes} that there are`;
    const fix = "name nodes of the schedule";
    problems.push({ where: `sharded.actions.${beyond}`, what, fix });
  }
  return problems;
}

function nodesIn(one: ShardSchedule["actions"][number]): readonly number[] {
  if (one.kind === "partition") return one.nodes;
  if (one.kind === "transfer") return [one.to];
  return "who" in one && "node" in one.who ? [one.who.node] : [];
}
