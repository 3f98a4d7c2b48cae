/** A series selector of a query: the metric, and the labels that it is matched by. */
export type Selector = { readonly metric: string; readonly labels: readonly string[] };

export type QueryParts = {
  readonly selectors: readonly Selector[];
  /** Labels by which results are grouped or joined. */
  readonly groupings: readonly string[];
};

const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\d[\w.]*|[a-zA-Z_:][\w:]*|[^\s\w]/g;
const GROUPING = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const OPERATORS = new Set(["and", "or", "unless", "bool", "offset"]);

/**
 * What a PromQL expression asks for. A cutter of tokens and no grammar: that the expression is sound is for
 * Prometheus to say. Variables of Grafana must have been replaced.
 */
export function queryParts(query: string): QueryParts {
  const tokens = [...query.matchAll(TOKEN)].map(([token]) => token);
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (!/^[a-zA-Z_:]/.test(token) || OPERATORS.has(token)) continue;
    if (GROUPING.has(token)) {
      while (tokens[++i] !== ")") if (/^\w/.test(tokens[i]!)) groupings.push(tokens[i]!);
      continue;
    }
    const next = tokens[i + 1];
    // A function, or an aggregation with its grouping before its argument.
    if (next === "(" || GROUPING.has(next ?? "")) continue;
    const selector = { metric: token, labels: [] as string[] };
    selectors.push(selector);
    if (next !== "{") continue;
    for (i += 2; tokens[i] !== "}"; i++)
      if (/^\w/.test(tokens[i]!)) selector.labels.push(tokens[i]!);
  }
  return { selectors, groupings };
}
