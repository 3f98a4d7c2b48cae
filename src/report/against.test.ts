import { expect, test } from "bun:test";
import { againstLines, betterArm, pairsText, ratioText, unlikeText } from "./against.ts";
import { renderMarkdown } from "./markdown.ts";
import { axisOf } from "./page/against.ts";
import { againstReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const against = againstReport().against!;
const interval = { ratio: 2, confidence: 0.97, pairs: [] };

test("ratio: an arm is ahead only when the whole interval says so, whichever way is better", () => {
  const above = { ...interval, low: 1.1, high: 3 };
  const below = { ...interval, low: 0.3, high: 0.9 };
  expect([betterArm(above, "higher"), betterArm(above, "lower")]).toEqual([0, 1]);
  expect([betterArm(below, "higher"), betterArm(below, "lower")]).toEqual([1, 0]);
  expect(betterArm({ ...interval, low: 0.9, high: 3 }, "higher")).toBeNull();
  expect(betterArm({ ...interval, low: null, high: null }, "higher")).toBeNull();
  expect([9.694, 0.0851, 231.4, null].map((ratio) => ratioText({ ratio }))).toEqual([
    ...["9.69×", "0.0851×", "231×", "–"],
  ]);
});

test("against in text: figures of both arms, ratios, intervals, terms and a loud word on durability", () => {
  const text = againstLines(against).join("\n");
  expect(text).toMatch(/! NOT equally durable \(1 case\): .* ordeal is in memory only/);
  expect(text).toMatch(/^ {2}ratio +9\.69× +0\.0850× +0\.110×$/m);
  expect(text).toMatch(/^ +9\.06 to 10\.4 +0\.0773 to 0\.0935/m);
  expect(text).toContain("interval unknown");
  expect(text).toContain("12 operations of etcd were not ok");
  expect(text).toContain("client of etcd: gRPC over HTTP/2");
  expect(text).toContain("at most 12 % of a core");
  expect(text).toContain('skipped append, 64 clients: etcd cannot do "append"');
  const equal = { ...against, cases: against.cases.slice(0, 2) };
  expect(unlikeText(equal)).toBeNull();
  expect(againstLines(equal).join("\n")).not.toContain("NOT equally");
});

test("against: how sure the intervals are is said, and that it is not known of one pair", () => {
  expect(pairsText(against)).toEndWith("exact signed-rank intervals of 97 %");
  const withConfidence = (confidence: number) => ({
    ...against,
    cases: against.cases.map((one) => ({
      ...one,
      ratio: { ...one.ratio, throughput: { ...one.ratio.throughput, confidence } },
    })),
  });
  expect(pairsText(withConfidence(0.75))).toEndWith("intervals of 75 %; 6 pairs make it 97 %");
  expect(pairsText(withConfidence(0))).toContain("unknown");
});

test("against in Markdown: a row a case, the warning, and the terms", () => {
  const text = renderMarkdown(againstReport());
  expect(text).toContain("| ordeal : etcd | throughput | ratio | interval |");
  expect(text).toContain("| 61,500/s : 6,350/s | 9.69× | 9.06 to 10.4 |");
  expect(text).toContain("**NOT equally durable");
  expect(text).toContain("- durability of etcd: on disk, synced");
});

test("against in report.json: it reads back whole; a damaged one is refused by its field", () => {
  const report = againstReport();
  expect(parseReport(JSON.stringify(report), "r.json").against).toEqual(report.against!);
  const damaged = { ...report, against: { ...against, arms: [against.arms[0]] } };
  expect(() => parseReport(JSON.stringify(damaged), "r.json")).toThrow("against.arms");
});

test("axis of ratios: 1 and every value lie on it, in order; few ticks", () => {
  for (const ratios of [[], [1], [0.03, 25], [0.9, 1.1], [1e-4, 2e4]]) {
    const { at, ticks } = axisOf(ratios);
    const places = [...ratios, 1].sort((a, b) => a - b).map(at);
    expect(places.every((place) => place > 0 && place < 1)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(ticks).toContain(1);
    expect(ticks.length).toBeLessThanOrEqual(8);
  }
});
