import * as v from "valibot";
import { MESSAGE_NAMES } from "../fault/vocabulary.ts";
import type { Problem } from "../lib/user-error.ts";
import { namesOnly } from "./action-nodes.ts";
import { NODES_MAX, type SimSchedule, type Violation } from "./api.ts";
import { fromVersion1 } from "./schedule-version-1.ts";
import { fromVersion2 } from "./schedule-version-2.ts";
import { configSchema, count, nodeSpec, positive, span } from "./schedule-config.ts";
import {
  badSchedule,
  documentText,
  type Found,
  found,
  issueProblem,
  operationSchema,
  strangers,
} from "./schedule-document.ts";

/**
 * A schedule as a file (JSON): what `ordeal sim` writes when a run fails, what `--replay` runs, and
 * what the corpus (src/sim/corpus) keeps, since a seed means another schedule when code changes.
 */
export type ScheduleFile = Found & { readonly schedule: SimSchedule };

export const SCHEDULE_VERSION = 3;

const node = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(NODES_MAX));
const ratio = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const atMs = span;

const fault = v.variant("kind", [
  v.strictObject({
    kind: v.picklist(["crash", "stop", "restart", "pause", "resume"]),
    nodes: nodeSpec,
  }),
  v.strictObject({
    kind: v.literal("isolate"),
    nodes: nodeSpec,
    direction: v.picklist(["both", "in", "out"]),
  }),
  v.variant("shape", [
    v.strictObject({
      kind: v.literal("partition"),
      shape: v.literal("halves"),
      leaderIn: v.picklist(["minority", "majority", "any"]),
    }),
    v.strictObject({
      kind: v.literal("partition"),
      shape: v.picklist(["bridge", "majoritiesRing", "random"]),
    }),
  ]),
  v.strictObject({ kind: v.picklist(["loss", "duplicate"]), nodes: nodeSpec, ratio }),
  v.strictObject({
    kind: v.literal("delay"),
    nodes: nodeSpec,
    ms: span,
    jitterMs: span,
    tail: v.optional(v.strictObject({ ratio, ms: span })),
  }),
  v.strictObject({
    kind: v.literal("bandwidth"),
    nodes: nodeSpec,
    bytesPerSecond: v.pipe(v.number(), v.minValue(1)),
  }),
  v.strictObject({
    kind: v.picklist(["reset", "halfOpen", "clog", "unclog"]),
    nodes: nodeSpec,
  }),
  v.strictObject({
    kind: v.literal("message"),
    from: nodeSpec,
    message: v.picklist(MESSAGE_NAMES),
    term: v.picklist(["any", "older"]),
    first: v.nullable(v.pipe(count, v.minValue(1))),
    act: v.union([v.picklist(["drop", "duplicate"]), v.strictObject({ delayMs: span })]),
  }),
  v.strictObject({ kind: v.literal("reorder"), nodes: nodeSpec, ratio, withinMs: span }),
  v.strictObject({
    kind: v.literal("membership"),
    voters: v.pipe(v.array(node), v.minLength(1)),
  }),
  v.strictObject({
    kind: v.literal("powerLoss"),
    nodes: nodeSpec,
    keeps: v.picklist(["nothing", "prefix", "subset", "torn"]),
  }),
  v.strictObject({ kind: v.literal("diskStall"), nodes: nodeSpec, ms: span }),
  v.strictObject({
    kind: v.literal("diskError"),
    nodes: nodeSpec,
    operation: v.picklist(["write", "sync"]),
  }),
  v.strictObject({ kind: v.literal("diskFull"), nodes: nodeSpec }),
  v.strictObject({
    kind: v.literal("bitFlip"),
    nodes: nodeSpec,
    bits: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e6)),
  }),
  v.strictObject({ kind: v.literal("clockJump"), nodes: nodeSpec, ms: span }),
  v.strictObject({ kind: v.literal("clockRate"), nodes: nodeSpec, rate: positive }),
  v.strictObject({ kind: v.literal("clockStrobe"), nodes: nodeSpec, everyMs: positive }),
  v.strictObject({ kind: v.literal("transfer"), to: nodeSpec }),
  v.strictObject({ kind: v.picklist(["snapshot", "wipe"]), nodes: nodeSpec }),
  v.strictObject({ kind: v.literal("heal") }),
]);

const speed = v.strictObject({ latencyMs: span, jitterMs: span });
const action = v.variant("kind", [
  v.strictObject({ atMs, kind: v.literal("fault"), fault }),
  v.strictObject({ atMs, kind: v.literal("diskSpeed"), nodes: nodeSpec, speed }),
  v.strictObject({
    atMs,
    kind: v.literal("membership"),
    voters: v.pipe(v.array(node), v.minLength(1)),
    learners: v.array(node),
  }),
]);

const fileSchema = v.strictObject({
  ...found,
  schedule: v.strictObject({
    version: v.literal(SCHEDULE_VERSION),
    seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    nodes: node,
    spares: count,
    durationMs: span,
    config: configSchema,
    actions: v.array(action),
    operations: v.array(operationSchema),
    fates: v.exactOptional(
      v.array(v.strictObject({ from: node, to: node, frame: count, arrivesMs: v.array(span) })),
    ),
  }),
});

export const scheduleText = (
  schedule: SimSchedule,
  violation: Violation | null,
  reason: string,
): string => documentText(reason, violation, { schedule });

/** Checks the text of a schedule file; `where` names it. Throws UserError with every problem. */
export function parseScheduleFile(text: string, where: string): ScheduleFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw badSchedule(where, [{ where, what, fix: "give a file that `ordeal sim` wrote" }]);
  }
  const version = versionOf(json);
  if (typeof version === "number" && version > SCHEDULE_VERSION) {
    const what = `is ${version}, and this program knows schedules up to ${SCHEDULE_VERSION}`;
    const fix = "run it with the version of Ordeal that wrote it, or a later one";
    throw badSchedule(where, [{ where: "schedule.version", what, fix }]);
  }
  const parsed = v.safeParse(fileSchema, upToDate(json));
  if (!parsed.success) throw badSchedule(where, parsed.issues.map(problemOf));
  const problems = problemsOf(parsed.output.schedule);
  if (problems.length > 0) throw badSchedule(where, problems);
  return parsed.output;
}

/** Each conversion gives the next version. */
function upToDate(json: unknown): unknown {
  const second = versionOf(json) === 1 ? fromVersion1(json) : json;
  return versionOf(second) === 2 ? fromVersion2(second) : second;
}

const versionOf = (json: unknown): unknown =>
  (json as { readonly schedule?: { readonly version?: unknown } } | null)?.schedule?.version;

const problemOf = (issue: v.BaseIssue<unknown>): Problem =>
  issueProblem(issue, "correct it, or shrink the failing run again");

/** What no single value shows. */
function problemsOf({ nodes, spares, actions, operations, config, fates }: SimSchedule): Problem[] {
  const problems: Problem[] = [];
  if (nodes + spares > NODES_MAX) {
    const what = `${nodes} nodes and ${spares} spares are more than ${NODES_MAX}`;
    problems.push({ where: "schedule.spares", what, fix: "use fewer" });
  }
  for (const [name, items] of Object.entries({ actions, operations })) {
    const late = items.findIndex(({ atMs }, i) => i > 0 && atMs < items[i - 1]!.atMs);
    if (late === -1) continue;
    const what = "comes before the one above it";
    problems.push({ where: `schedule.${name}.${late}.atMs`, what, fix: "sort them by atMs" });
  }
  problems.push(...strangers("schedule", operations, config.clients));
  const strange = actions.findIndex((action) => !namesOnly(action, nodes + spares));
  if (strange !== -1) {
    const what = `names a node beyond the ${nodes + spares} that there are`;
    problems.push({
      where: `schedule.actions.${strange}`,
      what,
      fix: "name nodes of the schedule",
    });
  }
  const ghosts = (fates ?? []).filter(({ from, to }) => Math.max(from, to) > nodes + spares);
  if (ghosts.length > 0) {
    const what = "names nodes that are not there";
    problems.push({ where: "schedule.fates", what, fix: "name nodes of the schedule" });
  }
  return problems;
}
