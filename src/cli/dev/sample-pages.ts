import { checkHistory } from "../../check/check.ts";
import { beginning } from "../../check/explain/beginning.ts";
import { proofOf } from "../../check/explain/proof.ts";
import { synthesize } from "../../check/testing/synthetic.ts";
import { renderCheckPage } from "../../report/check-page.ts";
import { historiesOf } from "../../report/compare/history.ts";
import { historyPage } from "../../report/compare/history-page.ts";
import { comparisonPage } from "../../report/compare/html.ts";
import { renderHtml } from "../../report/html.ts";
import { renderIndex } from "../../report/index-page.ts";
import { comparisonRow } from "../../report/page/comparison-row.ts";
import { runRow } from "../../report/page/runs.ts";
import { comparisonFixtures } from "../../report/testing/comparisons.ts";
import { historyFixtures } from "../../report/testing/histories.ts";
import {
  againstReport,
  benchReport,
  demoReport,
  failingReport,
} from "../../report/testing/fixtures.ts";
import { documentPage } from "../../runtime/http/document-page.ts";

/** One page of every kind that Ordeal makes, by name, of made-up runs: the same on every machine. */
export function samplePages(): ReadonlyMap<string, string> {
  const reports = {
    ...{ demo: demoReport(), failing: failingReport() },
    ...{ bench: benchReport(), against: againstReport() },
  };
  const comparisons = Object.entries(comparisonFixtures());
  return new Map([
    ...Object.entries(reports).map(
      ([name, report]) => [`report-${name}`, renderHtml(report)] as const,
    ),
    ["check-pass", checkPage(false)],
    ["check-fail", checkPage(true)],
    [
      "index",
      renderIndex([
        ...Object.values(reports).map((r) => runRow(r, `${r.kind}/${r.name}/${r.runId}`)),
        ...comparisons.map(([, c]) => comparisonRow(c, `compare/${c.runId}`)),
        {
          ...{ kind: "damaged", folder: "chaos/bridge/20251121T024410000Z-7" },
          ...{ file: "report.json", what: "not JSON" },
        },
      ]),
    ],
    ["history", historyPage(historiesOf(historyFixtures()))],
    ["node-docs", String(documentPage())],
    ...comparisons.map(([name, c]) => [`comparison-${name}`, comparisonPage(c)] as const),
  ]);
}

function checkPage(isWrong: boolean): string {
  const history = synthesize({
    ...{ operations: 2000, clients: 8 },
    ...(isWrong ? { staleReadAt: 0.5 } : {}),
  });
  let ms = 0;
  // A clock that counts questions: the page is the same however fast the machine is.
  const limits = { now: () => ms++, deadlineMs: 1e6, memoryBytes: 1 << 26 };
  const result = checkHistory(history, { ...limits, timeoutMs: 1e6 });
  return renderCheckPage({
    ...{ file: "history.bin", result, ms: 12.3, command: "ordeal check history.bin" },
    proof: proofOf(history, result),
    witness: result.kind === "pass" ? beginning(history, 30, limits) : [],
    around: { timeline: null, nodes: 0 },
  });
}
