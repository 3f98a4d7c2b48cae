import type { Report } from "./schema.ts";

/** How a failed run of a cluster is tried again, from where it is kept; none for any other report. */
export function reproduceCommands(
  { kind, verdict, artifacts }: Report,
  dir: string,
): readonly (readonly [name: string, command: string])[] {
  if (kind === "bench" || verdict !== "fail") return [];
  const isRecorded = Object.keys(artifacts).some((name) => name.startsWith("recording of "));
  return [
    ...(isRecorded ? [["replay", `ordeal replay ${dir}`] as const] : []),
    ["reproduce", `ordeal chaos reproduce ${dir}`],
  ];
}
