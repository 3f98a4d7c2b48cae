import type { Report } from "./schema.ts";

/** How a failed run of a cluster is tried again, from where it is kept; none for any other report. */
export function reproduceCommands(
  { kind, name, verdict, artifacts }: Report,
  dir: string,
): readonly (readonly [name: string, command: string])[] {
  if (kind === "bench" || verdict !== "fail") return [];
  const isRecorded = Object.keys(artifacts).some((name) => name.startsWith("recording of "));
  const replay = isRecorded ? [["replay", `ordeal replay ${dir}`] as const] : [];
  // The fault was in the nodes of that run (cli/planted), and is not in those of another.
  if (name.startsWith("planted-")) return replay;
  return [...replay, ["reproduce", `ordeal chaos reproduce ${dir}`]];
}
