import type { RunProgress, RunState } from "../../runs/document.ts";

/** What it is doing, in a word; of a benchmark the line that it printed last. */
export function phaseWords({ phase, kind, progress, lastLine }: RunState): string {
  if (phase === "none" || phase === "stopping" || phase === "ended") return phase;
  if (progress !== null) return progress.phase;
  return kind === "bench" && lastLine !== "" ? lastLine : "starting";
}

/** Of the load, 0 to 1; null: it is not known. */
export function shareDone({ progress }: RunState): number | null {
  if (progress === null || progress.durationMs <= 0) return null;
  return Math.min(1, progress.elapsedMs / progress.durationMs);
}

export const faultWords = ({ faults }: RunProgress): string =>
  faults.length === 0
    ? "none"
    : faults.map(({ label, nodes }) => `${label} → ${nodes.join(", ")}`).join("; ");

export function leaderWords({ nodes }: RunProgress): string {
  const leader = nodes.find(({ role }) => role === "leader");
  return leader === undefined ? "none" : `node ${leader.id}, term ${leader.term}`;
}

/** What an end means, in a sentence. */
export function endWords({ outcome }: RunState): string {
  if (outcome === null) return "";
  if (outcome.wasInterrupted)
    return "Interrupted: every process of it is stopped, nothing is kept.";
  switch (outcome.verdict) {
    case "pass":
      return "What it promised held.";
    case "fail":
      return "What it promised did not hold.";
    case "unknown":
      return "It proves nothing either way.";
    case null:
      return "It could not be run to its end:";
  }
}
