import { readFileSync } from "node:fs";
import * as v from "valibot";
import { type Problem, UserError } from "../../lib/user-error.ts";

/** What a command does. `cut` is done once for each directed link, `heal` once for all of them. */
export const COMMANDS = ["kill", "start", "pause", "resume", "cut", "heal"] as const;
export type CommandName = (typeof COMMANDS)[number];

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const command = v.pipe(v.array(v.string()), v.minLength(1, "must name a program"));

const Schema = v.strictObject({
  /** As in the config of the cluster. */
  nodes: v.pipe(
    v.array(
      v.strictObject({
        id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
        host: v.pipe(v.string(), v.minLength(1, "must not be empty")),
        ...{ peerPort: port, clientPort: port, httpPort: port },
      }),
    ),
    v.minLength(1, "must list at least one node"),
  ),
  /** Programs with their arguments, run without a shell; {id} and the like stand for the node's. */
  commands: v.optional(
    v.strictObject({
      kill: v.optional(command),
      start: v.optional(command),
      pause: v.optional(command),
      resume: v.optional(command),
      cut: v.optional(command),
      heal: v.optional(command),
    }),
    {},
  ),
  /** How we show the nodes who we are; absent: they do not ask. Paths. */
  credentials: v.optional(
    v.strictObject({
      ca: v.string(),
      cert: v.optional(v.string()),
      key: v.optional(v.string()),
      tokenFile: v.optional(v.string()),
    }),
  ),
  /** Deletes the keys that a load uses before each run; otherwise they must not be there. */
  clear: v.optional(v.boolean(), false),
});

/** Nodes that somebody else runs, and how to do things to them. */
export type AttachFile = v.InferOutput<typeof Schema>;
export type AttachedNode = AttachFile["nodes"][number];

/** Reads such a file. Throws UserError that lists every problem in it. */
export function loadAttachFile(path: string): AttachFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const what = (error as Error).message;
    const fix = "give the path of a readable JSON file; docs/targets.md shows one";
    throw new UserError("cannot read the nodes to attach to", [{ where: path, what, fix }]);
  }
  const parsed = v.safeParse(Schema, json);
  const problems = parsed.success
    ? contradictions(parsed.output)
    : parsed.issues.map((issue) => ({
        where: v.getDotPath(issue) ?? "the document",
        what: issue.message,
        fix: "see docs/targets.md",
      }));
  if (problems.length > 0) throw new UserError(`cannot attach to what ${path} says`, problems);
  return parsed.output as AttachFile;
}

const PAIRS = [
  ["kill", "start"],
  ["pause", "resume"],
  ["cut", "heal"],
] as const;

function contradictions({ nodes, commands }: AttachFile): Problem[] {
  const ids = nodes.map(({ id }) => id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  const problems = twice.map((id) => ({
    where: `node ${id}`,
    what: "is listed twice",
    fix: "give every node an id of its own",
  }));
  for (const [does, undoes] of PAIRS) {
    if ((commands[does] === undefined) === (commands[undoes] === undefined)) continue;
    problems.push({
      where: `commands.${commands[does] === undefined ? undoes : does}`,
      what: `stands alone: "${does}" and "${undoes}" go together`,
      fix: "give both or none of them: what is done must be lifted again",
    });
  }
  return problems;
}
