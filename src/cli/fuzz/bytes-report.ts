import { shellWord } from "../shell-word.ts";
import type { BytesTally, KeptFinding } from "./bytes.ts";

const count = (n: number): string => n.toLocaleString("en");

export const rateOf = ({ executions, wallMs }: BytesTally): number =>
  Math.round(executions / Math.max(wallMs / 1000, 1e-3));

const repeatOf = (target: string, { file }: KeptFinding): string =>
  `ordeal fuzz ${target} --input ${shellWord(file)}`;

/** What `--json` prints. */
export const bytesDocument = (tallies: readonly BytesTally[]): unknown => ({
  verdict: tallies.every(({ findings }) => findings.length === 0) ? "pass" : "fail",
  targets: tallies.map((tally) => ({
    ...tally,
    wallMs: Math.round(tally.wallMs),
    perSecond: rateOf(tally),
    findings: tally.findings.map((finding) => ({
      ...finding,
      repeat: repeatOf(tally.target, finding),
    })),
  })),
});

/** A line a decoder, and its findings before it. */
export function bytesSummary(tally: BytesTally): string {
  const { target, executions, outcomes, findings, wallMs } = tally;
  const speed = `${count(executions)} inputs in ${(wallMs / 1000).toFixed(1)} s, ${count(rateOf(tally))} a second`;
  const verdict = findings.length === 0 ? "PASS" : "FAIL";
  const lines = findings.flatMap((finding) => [
    `${target}: ${finding.kind}: ${finding.what}`,
    `  kept    ${finding.file} (${count(finding.bytes)} bytes)`,
    `  repeat  ${repeatOf(target, finding)}`,
    "",
  ]);
  return [
    ...lines,
    `${verdict}  ${target.padEnd(8)}  ${speed}, ${count(outcomes)} outcomes, ${findings.length} findings`,
  ].join("\n");
}
