import * as v from "valibot";
import { type Problem, UserError } from "../../lib/user-error.ts";
import type { Invariant, Violation } from "../api.ts";
import { configSchema, positive, span } from "../schedule-config.ts";
import { SHARD_NODES_MAX, type ShardSchedule } from "./api.ts";

/** A schedule of a sharded cluster as a file (JSON), as ScheduleFile of one that is not. */
export type ShardScheduleFile = {
  /** What it shows, or which bug it once found; for people. */
  readonly reason: string;
  readonly violation: { readonly invariant: Invariant; readonly message: string } | null;
  readonly sharded: ShardSchedule;
};

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
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

const operation = v.strictObject({
  atMs,
  client: count,
  op: v.picklist(["get", "put", "append", "delete", "versionedPut"]),
  key: count,
});

const fileSchema = v.strictObject({
  reason: v.string(),
  violation: v.nullable(v.strictObject({ invariant: v.string(), message: v.string() })),
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
    operations: v.array(operation),
  }),
});

export function shardScheduleText(
  sharded: ShardSchedule,
  violation: Violation | null,
  reason: string,
): string {
  const told =
    violation === null ? null : { invariant: violation.invariant, message: violation.message };
  return `${JSON.stringify({ reason, violation: told, sharded } satisfies ShardScheduleFile, null, 1)}\n`;
}

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
  if (!parsed.success) throw bad(where, parsed.issues.map(problemOf));
  const { reason, violation, sharded } = parsed.output;
  const problems = problemsOf(sharded);
  if (problems.length > 0) throw bad(where, problems);
  return { reason, violation: violation as ShardScheduleFile["violation"], sharded };
}

const bad = (where: string, problems: readonly Problem[]): UserError =>
  new UserError(`${where} is not a schedule that can be run`, problems);

function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const where = v.getDotPath(issue) ?? "the document";
  return { where, what: issue.message, fix: "correct it, or run the failing seed again" };
}

/** What no single value shows. */
function problemsOf({ nodes, replicas, config, actions, operations }: ShardSchedule): Problem[] {
  const problems: Problem[] = [];
  if (replicas > nodes) {
    const what = `${replicas} replicas are more than ${nodes} nodes`;
    problems.push({ where: "sharded.replicas", what, fix: "use fewer" });
  }
  const stranger = operations.findIndex(({ client }) => client >= config.clients);
  if (stranger !== -1) {
    const what = `there are only ${config.clients} clients, counted from 0`;
    const where = `sharded.operations.${stranger}.client`;
    problems.push({ where, what, fix: "use one of them, or raise config.clients" });
  }
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
