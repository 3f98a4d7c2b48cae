import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BytesTally } from "./fuzz/bytes.ts";
import { bytesDocument, bytesSummary } from "./fuzz/bytes-report.ts";
import { runWatched } from "./fuzz/watched.ts";
import { runOrdeal } from "./testing/ordeal.ts";

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-fuzz-"));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const fuzz = (...args: readonly string[]) => runOrdeal(["fuzz", ...args], { NO_COLOR: "1" });

test("ordeal fuzz resp: tells how many inputs it ran, and one file alone; names no decoder: bad input", async () => {
  await withDir(async (dir) => {
    const file = join(dir, "input.bin");
    writeFileSync(file, "*1\r\n$4\r\nPING\r\n");
    const [many, one, none] = await Promise.all([
      fuzz("resp", "--executions", "300", "--jobs", "2", "--json", "--keep", join(dir, "kept")),
      fuzz("resp", "--input", file),
      fuzz(),
    ]);
    const document = JSON.parse(many.out) as { targets: { executions: number }[] };
    expect(document).toMatchObject({
      verdict: "pass",
      targets: [{ target: "resp", findings: [] }],
    });
    expect(document.targets[0]!.executions).toBeGreaterThanOrEqual(300);
    expect(one.out).toMatch(/^PASS {2}resp {6}1 inputs in .*, 1 outcomes, 0 findings\n$/);
    expect(none.err).toContain("give one of checker, wire, resp, ");
    expect([many.code, one.code, none.code]).toEqual([0, 0, 64]);
  });
}, 60_000);

/** A process that is at an input, as its slot says, and then does something. */
const at = (slot: string, then: string): string[] => [
  ...[process.execPath, "-e"],
  `require("fs").writeFileSync(${JSON.stringify(slot)}, Buffer.from([3, 0, 0, 0, 7, 8, 9, 1, 1]));
   console.log(JSON.stringify({ kind: "progress", executions: 5, outcomes: 2 })); ${then}`,
];

test("ordeal fuzz: a process that hangs, one that is killed and one that ends early are findings, with the input", async () => {
  await withDir(async (dir) => {
    const run = (name: string, then: string, hangMs: number) => {
      const slot = join(dir, name);
      return runWatched({ command: at(slot, then), slot, hangMs, onMessage: () => {} });
    };
    const input = Uint8Array.of(7, 8, 9);
    const [hang, killed, ended] = await Promise.all([
      run("hang", "for (;;);", 300),
      run("killed", "process.kill(process.pid, 'SIGKILL')", 60_000),
      run("ended", "throw new Error('at the end')", 60_000),
    ]);
    expect(hang).toEqual({ kind: "hang", what: "no end within 300 ms", input });
    expect(killed).toMatchObject({ kind: "crash", input });
    expect(killed!.what).toContain("SIGKILL");
    expect(ended).toMatchObject({ kind: "crash", input });
    expect(ended!.what).toContain("code 1");
  });
}, 60_000);

test("ordeal fuzz: a finding is told with its file and the command that repeats it", () => {
  const file = "reports/fuzz/wire/error-01234567.bin";
  const tally: BytesTally = {
    ...{ target: "wire", executions: 5000, outcomes: 12, wallMs: 2000 },
    findings: [{ kind: "error", what: "TypeError: undefined", bytes: 9, file }],
  };
  expect(bytesSummary(tally)).toBe(
    [
      "wire: error: TypeError: undefined",
      `  kept    ${file} (9 bytes)`,
      `  repeat  ordeal fuzz wire --input ${file}`,
      "",
      "FAIL  wire      5,000 inputs in 2.0 s, 2,500 a second, 12 outcomes, 1 findings",
    ].join("\n"),
  );
  expect(bytesDocument([tally])).toMatchObject({
    verdict: "fail",
    targets: [{ perSecond: 2500, findings: [{ repeat: `ordeal fuzz wire --input ${file}` }] }],
  });
});
