import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventLog, parseEvent } from "./local-events.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-events-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const line = (time: number, event: string, term = 1): string =>
  `${JSON.stringify({ level: 30, node: 2, pid: 1, time, event, term, msg: "…" })}\n`;

test("parseEvent: times are microseconds; other lines and torn ones are none", () => {
  expect(parseEvent(line(1234.567, "becameLeader", 7), 2)).toEqual({
    atUs: 1_234_567,
    node: 2,
    kind: "becameLeader",
    term: 7,
  });
  expect(parseEvent(line(1, "peerConnected"), 2)).toBeNull();
  expect(parseEvent(line(1, "started").slice(0, 40), 2)).toBeNull();
  expect(parseEvent("", 2)).toBeNull();
});

test("parseEvent: what happens in a group of shards says in which", () => {
  const fields = { time: 1, event: "becameLeader", term: 3, group: 5 };
  expect(parseEvent(JSON.stringify(fields), 2)).toMatchObject({ group: 5, term: 3 });
  expect(parseEvent(JSON.stringify({ ...fields, group: undefined }), 2)).not.toHaveProperty(
    "group",
  );
});

test("parseEvent: a start tells of the torn bytes it cut, if there were any", () => {
  const started = (tornBytes: number): string =>
    JSON.stringify({ time: 1, event: "started", term: 3, recovered: { records: 2, tornBytes } });
  const event = { atUs: 1_000, node: 2, kind: "started", term: 3 } as const;
  expect(parseEvent(started(300), 2)).toEqual({ ...event, tornBytes: 300 });
  expect(parseEvent(started(0), 2)).toEqual(event);
});

test("EventLog: follows a growing file, never half a line, nothing from before its start", async () => {
  const path = join(dir, "node.log");
  const log = new EventLog(path, 2, 1_000_000);
  expect(await log.read()).toEqual([]);
  const [first, second] = [line(1001, "started"), line(1002, "becameLeader", 2)];
  appendFileSync(path, line(999, "started") + first + second.slice(0, 30));
  expect((await log.read()).map((event) => event.kind)).toEqual(["started"]);
  appendFileSync(path, second.slice(30));
  expect((await log.read()).map((event) => event.kind)).toEqual(["started", "becameLeader"]);
  expect((await log.read()).length).toBe(2);
});
