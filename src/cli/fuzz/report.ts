import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { timeline } from "../../check/explain/timeline.ts";
import { drawHistory } from "../../check/fuzz/draw.ts";
import type { Finding } from "../../check/fuzz/hunt.ts";
import { judge } from "../../check/fuzz/judge.ts";
import { historyOf, type SmallOp } from "../../check/fuzz/small.ts";
import { Prng } from "../../lib/prng.ts";
import type { Tally } from "./hunt.ts";

/** Disagreements that are told in full; the others are kept. */
const SHOWN_MAX = 3;

const count = (n: number): string => n.toLocaleString("en");
const counted = (n: number, one: string, many: string): string =>
  `${count(n)} ${n === 1 ? one : many}`;

export const perSecond = ({ counts, wallMs }: Tally): number =>
  Math.round(counts.histories / Math.max(wallMs / 1000, 1e-3));

export const repeatCommand = (seed: number): string =>
  `ordeal fuzz checker --seed ${seed} --histories 1`;

/** Writes each finding as an entry of the corpus into `dir`; the files' paths. */
export async function keepFindings({ findings }: Tally, dir: string): Promise<readonly string[]> {
  if (findings.length > 0) await mkdir(dir, { recursive: true });
  return Promise.all(
    findings.map(async ({ seed, model, problem, ops }) => {
      const path = join(dir, `seed-${seed}.json`);
      const reason = `seed ${seed}: ${problem.split("\n")[0]}`;
      await Bun.write(path, `${JSON.stringify({ reason, model, ops }, null, 2)}\n`);
      return path;
    }),
  );
}

/** What `--json` prints. */
export function documentOf(tally: Tally, kept: readonly string[]): unknown {
  const { counts, findings, wallMs } = tally;
  return {
    verdict: counts.disagreements === 0 ? "pass" : "fail",
    ...counts,
    wallMs: Math.round(wallMs),
    perSecond: perSecond(tally),
    findings: findings.map((finding, i) => ({
      ...finding,
      kept: kept[i],
      repeat: repeatCommand(finding.seed),
    })),
  };
}

/** A line that says it all, and the first histories on which the checker is wrong. */
export function summaryOf(tally: Tally, kept: readonly string[]): string {
  const { counts, findings, wallMs } = tally;
  const { histories, legal, illegal, disagreements } = counts;
  const speed = `${count(perSecond(tally))} a second, ${(wallMs / 1000).toFixed(1)} s`;
  const what = `${counted(histories, "history", "histories")} (${count(legal)} linearizable, ${count(illegal)} not; ${speed})`;
  const methods = Object.entries(counts.methods)
    .sort(([, a], [, b]) => b - a)
    .map(([method, n]) => `${method} ${count(n)}`);
  const by = `settled by  ${methods.join(", ")}`;
  if (disagreements === 0) return `PASS  no disagreement on ${what}\n${by}`;
  return [
    ...findings.slice(0, SHOWN_MAX).map((finding, i) => findingText(finding, kept[i]!)),
    `FAIL  ${counted(disagreements, "disagreement", "disagreements")} on ${what}\n${by}`,
  ].join("\n");
}

function findingText({ seed, model, problem, ops }: Finding, path: string): string {
  return [
    `seed ${seed}, model ${model}: ${problem}`,
    linesOf(ops),
    `  kept    ${path} (in src/check/testdata/fuzz-corpus, npm test judges it)`,
    `  repeat  ${repeatCommand(seed)}`,
    "",
  ].join("\n");
}

const linesOf = (ops: readonly SmallOp[]): string =>
  timeline(historyOf(ops), [...ops.keys()])
    .map((line, i) => `  ${line}${ops[i]!.index > 0 ? `  index ${ops[i]!.index}` : ""}`)
    .join("\n");

/** One history in full, with what is so and what settled it. */
export function storyOf(seed: number): string {
  const { model, ops } = drawHistory(new Prng(seed));
  const { legal, method } = judge(ops, model);
  const verdict = legal ? "linearizable" : "not linearizable";
  return `seed ${seed}, model ${model}: ${verdict}, settled by ${method}\n${linesOf(ops)}`;
}
