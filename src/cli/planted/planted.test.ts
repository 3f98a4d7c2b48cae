import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseReport } from "../../report/validate.ts";
import { runOrdeal } from "../testing/ordeal.ts";

const dir = mkdtempSync(join(tmpdir(), "ordeal-planted-demo-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("demo --planted stale-read: the violation is explained on the screen and in the report, and both say that it was planted", async () => {
  const args = ["demo", "--planted", "stale-read", "--seed", "5", "--reports", dir];
  const { code, out, err } = await runOrdeal(args);
  expect(code, out + err).toBe(2);
  expect(err).toContain("PLANTED");
  expect(out).toContain("FAIL");
  expect(out).toContain("returned before it was called");
  expect(out).toContain("PLANTED");
  expect(out).toContain("ordeal demo --planted stale-read --seed 5");
  // The fault is not in the nodes of another run.
  expect(out).not.toContain("chaos reproduce");
  const html = /report +(\S+report\.html)/.exec(out)![1]!;
  const page = await Bun.file(html).text();
  expect(page).toContain("PLANTED");
  expect(page).toContain('class="proof"');
  const path = join(dirname(html), "report.json");
  const report = parseReport(await Bun.file(path).text(), path);
  expect(report.verdict).toBe("fail");
  const failed = report.checks.filter(({ verdict }) => verdict === "fail");
  expect(failed.map(({ name }) => name)).toEqual(["linearizable"]);
}, 120_000);
