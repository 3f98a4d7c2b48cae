import { expect, test } from "bun:test";
import type { StoredRow } from "../../reports/document.ts";
import { fits, kindsOf, pick } from "./filter.ts";

const row = (over: Partial<StoredRow>): StoredRow => ({
  ...{ folder: "chaos/bridge/1", href: "", kind: "chaos", name: "bridge", startedAt: null },
  ...{ verdict: "pass", verdictText: null, target: "ordeal 0.1", seed: 7, durationMs: 1 },
  ...{ throughput: null, p99Us: null, failed: [], artifacts: [], problem: null },
  ...over,
});

test("stored runs: every word of the filter must be found, in name, kind, seed, target or check", () => {
  const failed = row({ verdict: "fail", failed: ["linearizable"] });
  expect(fits(failed, { text: "Bridge 7", verdict: "", kind: "" })).toBe(true);
  expect(fits(failed, { text: "linear", verdict: "fail", kind: "chaos" })).toBe(true);
  expect(fits(failed, { text: "bridge etcd", verdict: "", kind: "" })).toBe(false);
  expect(fits(failed, { text: "", verdict: "pass", kind: "" })).toBe(false);
  expect(fits(failed, { text: "", verdict: "", kind: "bench" })).toBe(false);
  const damaged = row({ verdict: "damaged", problem: "is not JSON" });
  expect(fits(damaged, { text: "json", verdict: "damaged", kind: "" })).toBe(true);
  expect(kindsOf([failed, row({ kind: "bench" }), damaged])).toEqual(["bench", "chaos"]);
});

test("stored runs: two are picked at most, the first one gives way", () => {
  expect(pick([], "a")).toEqual(["a"]);
  expect(pick(["a"], "b")).toEqual(["a", "b"]);
  expect(pick(["a", "b"], "c")).toEqual(["b", "c"]);
  expect(pick(["a", "b"], "a")).toEqual(["b"]);
});
