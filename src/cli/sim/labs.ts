import { closest } from "../../lib/suggest.ts";
import { UserError } from "../../lib/user-error.ts";
import { ALL, ALL_LABS, type AnyLab, findLabs, runAny } from "../../sim/labs/labs.ts";
import type { LabResult } from "../../sim/labs/run.ts";
import { fullName } from "../../sim/labs/scenario.ts";

const EXIT_VIOLATED = 2;
const EXIT_UNKNOWN = 3;
const EXIT_SOFTWARE = 70;
const HEADER = ["", "scenario", "servers", "virtual", "RPCs", "bytes", "commits", "wall"];
const WIDTHS = [5, 44, 7, 8, 7, 10, 8, 8];

export type LabsRun = {
  /** As it was asked for. */
  readonly scenario: string;
  readonly firstSeed: number;
  /** Of each scenario; the first that fails is its last. */
  readonly seeds: number;
  readonly json: boolean;
};

/** A scenario over its seeds: the means of its runs, and the first that did not pass. */
type Row = {
  readonly name: string;
  readonly verdict: LabResult["verdict"];
  readonly runs: number;
  readonly servers: number;
  readonly virtualMs: number;
  readonly rpcs: number;
  readonly bytes: number;
  readonly commits: number;
  readonly wallMs: number;
  readonly failure:
    (LabResult & { readonly isRepeatable: boolean; readonly repeat: string }) | null;
};

/** Runs lab scenarios and prints a line for each, as `go test` does. Returns the exit code. */
export function runLabs({ scenario, firstSeed, seeds, json }: LabsRun): number {
  const scenarios = findLabs(scenario);
  if (scenarios.length === 0) throw unknownScenario(scenario);
  const rows: Row[] = [];
  if (!json) console.log(line(HEADER));
  for (const each of scenarios) {
    const row = runSeeds(each, firstSeed, seeds);
    rows.push(row);
    if (!json) for (const text of linesOf(row)) console.log(text);
  }
  const verdict = worst(rows);
  if (json) console.log(JSON.stringify({ verdict, firstSeed, seeds, scenarios: rows }, null, 2));
  else console.log(summaryOf(rows, firstSeed, seeds));
  if (rows.some(({ failure }) => failure?.isRepeatable === false)) return EXIT_SOFTWARE;
  return { pass: 0, fail: EXIT_VIOLATED, unknown: EXIT_UNKNOWN }[verdict];
}

function runSeeds(scenario: AnyLab, first: number, seeds: number): Row {
  const startedMs = performance.now();
  const results: LabResult[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const result = runAny(scenario, seed);
    results.push(result);
    if (result.verdict !== "pass") break;
  }
  const mean = (of: (result: LabResult) => number): number =>
    Math.round(results.reduce((sum, result) => sum + of(result), 0) / results.length);
  const last = results.at(-1)!;
  return {
    name: last.name,
    verdict: last.verdict,
    runs: results.length,
    servers: last.servers,
    virtualMs: mean((result) => result.virtualMs),
    rpcs: mean((result) => result.rpcs),
    bytes: mean((result) => result.bytes),
    commits: mean((result) => result.commits),
    wallMs: Math.round(performance.now() - startedMs),
    failure: last.verdict === "pass" ? null : confirmed(scenario, last),
  };
}

/** What failed is run again: the same seed must fail in the same way. */
function confirmed(scenario: AnyLab, result: LabResult): Row["failure"] {
  const again = runAny(scenario, result.seed);
  const isRepeatable = again.traceHash === result.traceHash && again.message === result.message;
  const repeat = `ordeal sim --scenario ${result.name} --seed ${result.seed}`;
  return { ...result, isRepeatable, repeat };
}

function linesOf(row: Row): readonly string[] {
  const { name, verdict, servers, virtualMs, rpcs, bytes, commits, wallMs, failure } = row;
  const word = { pass: "ok", fail: "FAIL", unknown: "?" }[verdict];
  const counts = [rpcs, bytes, commits].map((n) => n.toLocaleString("en"));
  const virtual = `${(virtualMs / 1000).toFixed(1)} s`;
  const lines = [line([word, name, String(servers), virtual, ...counts, `${wallMs} ms`])];
  if (failure === null) return lines;
  lines.push(`      seed ${failure.seed}: ${failure.detector ?? "unknown"}: ${failure.message}`);
  for (const text of failure.evidence) lines.push(`      ${text}`);
  if (!failure.isRepeatable)
    lines.push("      NOT REPEATABLE: run again, the trace was another one");
  lines.push(`      repeat  ${failure.repeat}`);
  return lines;
}

/** The first two columns to the left, numbers to the right. */
const line = (cells: readonly string[]): string =>
  cells
    .map((cell, at) => (at < 2 ? cell.padEnd(WIDTHS[at]!) : cell.padStart(WIDTHS[at]!)))
    .join(" ")
    .trimEnd();

function summaryOf(rows: readonly Row[], firstSeed: number, seeds: number): string {
  const failed = rows.filter(({ verdict }) => verdict !== "pass").length;
  const runs = rows.reduce((sum, row) => sum + row.runs, 0);
  const virtualS = rows.reduce((sum, row) => sum + row.runs * row.virtualMs, 0) / 1000;
  const wallS = rows.reduce((sum, row) => sum + row.wallMs, 0) / 1000;
  const which =
    seeds === 1 ? `seed ${firstSeed}` : `seeds ${firstSeed} to ${firstSeed + seeds - 1}`;
  const outcome = failed === 0 ? "PASS" : `${failed} of them did not pass`;
  return `\n${outcome}  ${rows.length} scenarios, ${runs} runs, ${which}: ${Math.round(virtualS)} virtual seconds in ${wallS.toFixed(1)} s`;
}

function worst(rows: readonly Row[]): LabResult["verdict"] {
  if (rows.some(({ verdict }) => verdict === "fail")) return "fail";
  return rows.some(({ verdict }) => verdict === "unknown") ? "unknown" : "pass";
}

function unknownScenario(name: string): UserError {
  const known = ALL.flatMap((lab) => [fullName(lab), lab.name]);
  const labs = [...new Set(ALL.map(({ lab }) => lab))];
  const meant = closest(name, [ALL_LABS, ...labs, ...known]);
  const hint = meant === null ? "" : `did you mean ${meant}? `;
  return new UserError("no such scenario", [
    {
      where: "--scenario",
      what: `"${name}" is none`,
      fix: `${hint}${ALL_LABS} runs all; a part: ${labs.join(", ")}; one: ${ALL.map(fullName).join(", ")}`,
    },
  ]);
}
