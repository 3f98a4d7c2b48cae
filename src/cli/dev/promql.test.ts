import { expect, test } from "bun:test";
import { queryParts } from "./promql.ts";

test("PromQL: metrics, the labels they are matched by, and groupings", () => {
  const query =
    'histogram_quantile(0.99, sum by (instance, le) (rate(a_bucket{job="x{y}",of!~"b|c"}[5m]))) > 1e3 or on (To) up == bool 0';
  expect(queryParts(query)).toEqual({
    selectors: [
      { metric: "a_bucket", labels: ["job", "of"] },
      { metric: "up", labels: [] },
    ],
    groupings: ["instance", "le", "To"],
  });
  expect(queryParts("max(a) by (b) / count without (c) (d:e offset 5m)")).toEqual({
    selectors: [
      { metric: "a", labels: [] },
      { metric: "d:e", labels: [] },
    ],
    groupings: ["b", "c"],
  });
});
