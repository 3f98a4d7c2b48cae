import { expect, test } from "bun:test";
import { BenchTop } from "../../workload/testing/bench-top.ts";
import { summaryText } from "./report.ts";

const linesOf = (top: BenchTop): string[] => summaryText(top.result(), false, false).split("\n");

test("load summary: a line an action, with its latencies and its outcomes", () => {
  const top = new BenchTop({ mix: { get: 1, put: 0, cas: 0, append: 0, delete: 0 } });
  top.driver.begin(0);
  top.end(0, 2);
  const lines = linesOf(top);
  expect(lines[0]).toBe("1 ops/s over 1.0 s   1 ok, 0 failed, 0 unknown");
  expect(lines[2]).toMatch(/^get +p50 +2\.0. ms .* 1 ok, 0 failed, 0 unknown$/);
  expect(lines.at(-1)).toStartWith("generator");
});

test("load summary: of nothing it says so, for every action of the mix", () => {
  const lines = linesOf(new BenchTop());
  expect(lines[0]).toBe("0 ops/s over 1.0 s   0 ok, 0 failed, 0 unknown");
  expect(lines).toContain("response   none");
  for (const name of ["get", "put"]) {
    expect(lines).toContain(`${name.padEnd(9)}  none   0 ok, 0 failed, 0 unknown`);
  }
  expect(lines.at(-1)).toStartWith("void: no operation succeeded");
});
