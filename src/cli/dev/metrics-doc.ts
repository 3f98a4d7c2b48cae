import { METRICS } from "../../runtime/metrics/registry.ts";

const HEAD = `# Metrics

Generated from the code (\`UPDATE=1 bun test src/cli/dev/metrics-doc.test.ts\`); do not edit.

Each node exports these at \`http://HOST:HTTP_PORT/metrics\`. Names and labels are etcd's with \`ordeal_\` instead of \`etcd_\` wherever
etcd has a metric that means the same, even where Prometheus would have others (\`…_total\` gauges): a dashboard or alert for etcd then works with
another prefix. All counts begin anew when the process starts. Values are read at the time of the scrape; between scrapes nothing is computed.
Scrape every 15 s, and at least every two minutes: the lag of the event loop is watched only while somebody asks.

\`deploy/monitoring\` has a Prometheus configuration, alert rules and Grafana dashboards (docs/operations.md, "Monitoring").
`;

/** The text of docs/metrics.md, from the definitions that are exported. */
export function metricsDocument(): string {
  const sections = Object.entries(METRICS).map(([title, metrics]) => {
    const rows = metrics.map(({ name, kind, labels, help }) => {
      const marks = labels.map((label) => `\`${label}\``).join(", ");
      return [`\`${name}\``, kind, marks, help.replaceAll("|", "\\|")];
    });
    return `## ${title}\n\n${table(["metric", "kind", "labels", "what it tells"], rows)}\n`;
  });
  return [HEAD, ...sections].join("\n");
}

/** A Markdown table in the shape that `bun fmt` gives it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((w) => "-".repeat(w))), ...rows.map(line)].join("\n");
}
