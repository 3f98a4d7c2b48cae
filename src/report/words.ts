import { storageText } from "../lib/fsync.ts";
import { goalsText } from "./figures.ts";
import { barLines } from "../check/explain/timeline.ts";
import { count, durationMs, plural } from "./format.ts";
import type { Check, Failover, FaultProbe, Probes, Report, Verdict } from "./schema.ts";

/** A verdict is never told by colour alone. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: "Pass",
  fail: "Fail",
  unknown: "Unknown",
};

/** Checks whose failure means wrong data, and not only that a promise of speed or aim was missed. */
const CORRECTNESS = ["linearizable", "no-lost-acks", "one-leader-per-term"];

/** The verdict in one sentence, naming the checks that decided it. */
export function verdictSentence({ verdict, checks, figures }: Report): string {
  const named = (kind: Verdict): string =>
    checks
      .filter((check) => check.verdict === kind)
      .map((check) => check.name)
      .join(", ");
  if (verdict === "fail") {
    const failed = named("fail") || "see below";
    const isWrong = checks.some((c) => c.verdict === "fail" && CORRECTNESS.includes(c.name));
    return isWrong ? `Correctness is violated: ${failed}.` : `A check failed: ${failed}.`;
  }
  if (verdict === "unknown") return `Not proved either way: ${named("unknown") || "see below"}.`;
  if (checks.length === 0) {
    const goals = figures === undefined ? "" : goalsText(figures);
    return goals === "" ? "The run completed; nothing was checked." : `Measured: ${goals}.`;
  }
  return checks.length === 1
    ? `${checks[0]!.name}: checked and held.`
    : `All ${count(checks.length)} checks held.`;
}

/** `2 → 4, elected in 231 ms, first write after 258 ms`. */
export function failoverText({ oldLeader, newLeader, electedMs, firstAckMs }: Failover): string {
  const leaders = `${oldLeader === 0 ? "none" : oldLeader} → ${newLeader ?? "none"}`;
  const elected = electedMs === null ? "nobody elected" : `elected in ${durationMs(electedMs)}`;
  const write =
    firstAckMs === null ? "no write since" : `first write after ${durationMs(firstAckMs)}`;
  return `${leaders}, ${elected}, ${write}`;
}

/** `ordeal 0.1.0, 3 nodes, disk`; without a cluster `ordeal 0.1.0`. */
export const targetText = ({ name, version, nodes, storage, fsync }: Report["target"]): string =>
  `${name} ${version}${nodes === 0 ? "" : `, ${plural(nodes, "node")}, ${storageText(storage, fsync)}`}`;

/** `node 3`, `nodes 1, 4`, or nothing. */
export const nodesText = (nodes: readonly number[]): string =>
  nodes.length === 0 ? "" : `${nodes.length === 1 ? "node" : "nodes"} ${nodes.join(", ")}`;

/** `342,117 ok, 700 fail, 90 info`. */
export const countsText = ({
  ok,
  fail,
  info,
}: {
  ok: number;
  fail: number;
  info: number;
}): string => `${count(ok)} ok, ${count(fail)} fail, ${count(info)} info`;

/** The operations that prove a violation, as bars with arrows; none if their order is not known. */
export function proofLines({ evidence, arrows = [] }: Check): readonly string[] {
  // Numbers of events that are out of bounds are not from this program.
  const isEvent = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 * evidence.length;
  const operations = evidence.flatMap(({ process, text, events }) =>
    events?.every((event) => event === null || isEvent(event)) ? [{ process, text, events }] : [],
  );
  if (operations.length < evidence.length) return [];
  const known = arrows.filter(({ before, after }) => before in evidence && after in evidence);
  return barLines(operations, known);
}

/** `No answer for 1.20 s at the longest, 3 times in all`. */
export function unavailableText({ unavailable }: Probes): string {
  if (unavailable.length === 0) return "There was always an answer";
  const longest = Math.max(...unavailable.map(({ fromUs, toUs }) => toUs - fromUs));
  return `No answer for ${durationMs(longest / 1000)} at the longest, ${plural(unavailable.length, "time")} in all`;
}

/** The probes in a line: time without service, and medians over the faults that had an effect. */
export function serviceText(probes: Probes): string {
  const median = (of: (probe: FaultProbe) => number | null): string | null => {
    const known = probes.faults.map(of).filter((ms) => ms !== null && ms > 0);
    const sorted = (known as number[]).sort((a, b) => a - b);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)];
    return middle === undefined ? null : durationMs(middle);
  };
  const times = [
    ["detected", median(({ detectedMs }) => detectedMs)],
    ["elected", median(({ electedMs }) => electedMs)],
    ["95 % again", median(({ backAfterMs }) => backAfterMs)],
  ].flatMap(([name, text]) => (text === null ? [] : [`${name} after ${text}`]));
  const medians = times.length === 0 ? "" : `; medians: ${times.join(", ")}`;
  const text = unavailableText(probes);
  return `${text[0]!.toLowerCase()}${text.slice(1)}${medians}`;
}
