import { expect, test } from "bun:test";
import { OP_GET, OP_PUT } from "../kv/command.ts";
import { HistoryWriter } from "../history/codec.ts";
import { NO_VALUE } from "../history/format.ts";
import { type History, OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../history/op.ts";
import { readHistory } from "../history/reader.ts";
import { type LabAssertion, labChecks } from "./lab-checks.ts";
import type { Recording } from "./run.ts";

type Row = { readonly op: number; readonly outcome: number; readonly version: number };
const put = (version: number, outcome = OUTCOME_OK): Row => ({ op: OP_PUT, outcome, version });
const get = (version: number): Row => ({ op: OP_GET, outcome: OUTCOME_OK, version });

/** One operation after the other, 10 ms each, a process each. */
function historyOf(rows: readonly Row[]): History {
  const writer = new HistoryWriter(0);
  const key = writer.defineKey("k");
  for (const [i, { op, outcome, version }] of rows.entries()) {
    const value = op === OP_PUT ? i + 1 : NO_VALUE;
    writer.invoke(i, op, key, value, -1, i * 10_000);
    if (outcome === OUTCOME_INFO) continue;
    writer.complete(i, outcome, version, i + 1, op === OP_GET ? 1 : NO_VALUE, i * 10_000 + 9_000);
  }
  const blocks: Uint8Array[] = [];
  for (let b = writer.take(); b !== null; b = writer.take()) blocks.push(b);
  return readHistory(new Uint8Array(Buffer.concat(blocks)));
}

function verdictOf(
  assertion: LabAssertion,
  rows: readonly Row[],
  recording: Partial<Recording> = {},
): string {
  const [check] = labChecks([assertion], recording as Recording, historyOf(rows));
  return `${check!.verdict}: ${check!.detail}`;
}

const VERSIONS = { kind: "versionsCount" } as const;

test("versions-count: the last version is the number of writes that succeeded", () => {
  expect(verdictOf(VERSIONS, [put(1), put(2), get(2)])).toStartWith("pass");
  expect(verdictOf(VERSIONS, [put(1), put(1, OUTCOME_MISMATCH), get(1)])).toStartWith("pass");
  expect(verdictOf(VERSIONS, [put(1), put(2), get(3)])).toBe(
    "fail: k has version 3, its writes count 2",
  );
  expect(verdictOf(VERSIONS, [put(1), put(2), get(1)])).toStartWith("fail");
});

test("versions-count: a write of unknown outcome counts once or not at all", () => {
  const maybe = put(-1, OUTCOME_INFO);
  expect(verdictOf(VERSIONS, [put(1), maybe, get(1)])).toStartWith("pass");
  expect(verdictOf(VERSIONS, [put(1), maybe, get(2)])).toStartWith("pass");
  expect(verdictOf(VERSIONS, [put(1), maybe, get(3)])).toBe(
    "fail: k has version 3, its writes count 1 to 2",
  );
});

test("versions-count: a key that nobody read after its last write is unknown, not assumed", () => {
  expect(verdictOf(VERSIONS, [put(1), get(1), put(2)])).toStartWith("unknown");
});

test("blocked: nothing that begins in the fault succeeds in it, and something must begin", () => {
  const band = (fromMs: number, toMs: number) => ({
    bands: [{ label: "", kind: "isolate", nodes: [1], fromUs: fromMs * 1000, toUs: toMs * 1000 }],
  });
  const assertion = { kind: "blockedDuring", fault: "isolate", afterMs: 0 } as const;
  const rows = [put(1), put(2), put(3)];
  expect(verdictOf(assertion, rows, band(5, 15))).toStartWith("pass: 0 of 1");
  expect(verdictOf(assertion, rows, band(5, 25))).toStartWith("fail: 1 of 2");
  expect(verdictOf(assertion, rows, band(500, 600))).toStartWith("fail: 0 of 0");
});

test("log-size: of the nodes that tell; none: unknown", () => {
  const assertion = { kind: "logAtMost", bytes: 1_000, entryBytes: 100 } as const;
  const node = (lastIndex: number, snapshotIndex: number) => ({
    ...{ id: 1, pid: 1, role: "follower", term: 1, commitIndex: 0, appliedIndex: 0 },
    ...{ lastIndex, snapshotIndex, peerPort: 1, clientPort: 1, httpPort: 1 },
  });
  const nodes = (...all: ReturnType<typeof node>[]): Partial<Recording> =>
    ({ nodes: all }) as unknown as Partial<Recording>;
  expect(verdictOf(assertion, [], nodes(node(20, 10)))).toStartWith("pass");
  expect(verdictOf(assertion, [], nodes(node(20, 10), node(21, 10)))).toStartWith("fail");
  expect(verdictOf(assertion, [], nodes())).toStartWith("unknown");
});
