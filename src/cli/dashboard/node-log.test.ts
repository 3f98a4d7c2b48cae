import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeEvent, NodeLog } from "./node-log.ts";

const line = (event: string, term: number): string =>
  `${JSON.stringify({ time: 1_000 + term, event, term })}\n`;

test("node log: each event is told once, half a line not yet, and of a long log the end", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-node-log-"));
  try {
    const path = join(dir, "node.log");
    const log = new NodeLog(path, 4);
    const terms = async (): Promise<number[]> => (await log.added()).map(({ term }) => term);
    expect(await terms()).toEqual([]);
    writeFileSync(path, line("becameLeader", 1) + line("becameLeader", 2).slice(0, 20));
    expect(await terms()).toEqual([1]);
    expect(await terms()).toEqual([]);
    appendFileSync(path, line("becameLeader", 2).slice(20));
    expect(await terms()).toEqual([2]);
    writeFileSync(path, line("started", 7));
    expect(await terms()).toEqual([]);
    appendFileSync(path, line("started", 8));
    expect(await terms()).toEqual([8]);
    writeFileSync(path, `${"x".repeat(1 << 20)}\n${line("steppedDown", 9)}`);
    expect(await new NodeLog(path, 4).added()).toMatchObject([{ node: 4, term: 9 }]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("node event: elections and lives in words, changes of terms alone are left out", () => {
  const event = { atUs: 3_000, node: 2, term: 5 } as const;
  expect(nodeEvent({ ...event, kind: "becameLeader", group: 3 })).toMatchObject({
    ...{ atMs: 3, kind: "election", text: "node 2 leads term 5 of group 3" },
  });
  expect(nodeEvent({ ...event, kind: "started", tornBytes: 9 })?.text).toContain("torn tail");
  expect(nodeEvent({ ...event, kind: "termChanged" })).toBeNull();
});
