import { type History, OUTCOME_FAIL, OUTCOME_INFO, OUTCOME_OK } from "../history/op.ts";
import { OP_DELETE, OP_GET } from "../kv/command.ts";
import type { FaultKind } from "../fault/vocabulary.ts";
import { count, durationMs } from "../report/format.ts";
import type { Check, Verdict } from "../report/schema.ts";
import type { Recording } from "./run.ts";

/** What the MIT labs assert of a store besides that it is linearizable. */
export type LabAssertion =
  /** At the end the version of a key is the number of its writes that succeeded, and of those of unknown outcome some. */
  | { readonly kind: "versionsCount" }
  /** Mean time of an operation, as its client sees it. */
  | { readonly kind: "meanAtMost"; readonly ms: number }
  /** Nothing that begins `afterMs` or later in such a fault succeeds before it is lifted. */
  | { readonly kind: "blockedDuring"; readonly fault: FaultKind; readonly afterMs: number }
  /** Entries that no snapshot covers, on any node at the end; `entryBytes` is what one takes. */
  | { readonly kind: "logAtMost"; readonly bytes: number; readonly entryBytes: number };

/** A check for each. */
export function labChecks(
  assertions: readonly LabAssertion[],
  recording: Recording,
  history: History,
): readonly Check[] {
  return assertions.map((assertion) => {
    switch (assertion.kind) {
      case "versionsCount":
        return versionsCount(history);
      case "meanAtMost": {
        const ms = recording.load.service.mean / 1000;
        const detail = `${durationMs(ms)} an operation, at most ${durationMs(assertion.ms)}`;
        return check("speed", recording.load.service.count > 0 && ms <= assertion.ms, detail);
      }
      case "blockedDuring":
        return blockedDuring(assertion, recording, history);
      case "logAtMost":
        return logAtMost(assertion, recording);
    }
  });
}

type KeyCount = { ok: number; maybe: number; deleted: boolean; lastRead: number; lastCall: number };

/** Of keys that were never deleted, since versions begin anew after that. */
function versionsCount(history: History): Check {
  const keys = countsOf(history);
  const wrong: string[] = [];
  let exact = 0;
  let unread = 0;
  for (const [id, { ok, maybe, deleted, lastRead }] of keys) {
    if (deleted) continue;
    if (lastRead < 0) {
      unread++;
      continue;
    }
    if (maybe === 0) exact++;
    if (lastRead >= ok && lastRead <= ok + maybe) continue;
    const told = maybe === 0 ? `${ok}` : `${ok} to ${ok + maybe}`;
    wrong.push(`${history.keys.name(id)} has version ${lastRead}, its writes count ${told}`);
  }
  const detail =
    wrong.length > 0
      ? wrong.slice(0, 5).join("; ")
      : `${count(keys.size - unread)} keys, ${count(exact)} of them without a write of unknown outcome${unread > 0 ? `; ${unread} not read` : ""}`;
  if (wrong.length > 0) return check("versions-count", false, detail);
  return { ...check("versions-count", true, detail), verdict: unread > 0 ? "unknown" : "pass" };
}

/** The last read of a key counts only if no write of it began after it. */
function countsOf(history: History): Map<number, KeyCount> {
  const keys = new Map<number, KeyCount>();
  const { op, outcome, version, call, ret } = history;
  for (let row = 0; row < history.count; row++) {
    const id = history.key[row]!;
    let key = keys.get(id);
    if (key === undefined) {
      key = { ok: 0, maybe: 0, deleted: false, lastRead: -1, lastCall: -1 };
      keys.set(id, key);
    }
    if (op[row] === OP_GET) {
      if (outcome[row] === OUTCOME_OK && call[row]! > key.lastCall) key.lastRead = version[row]!;
      continue;
    }
    if (outcome[row] === OUTCOME_OK) key.ok++;
    else if (outcome[row] === OUTCOME_INFO) key.maybe++;
    else continue;
    key.deleted ||= op[row] === OP_DELETE;
    key.lastCall = Math.max(key.lastCall, outcome[row] === OUTCOME_INFO ? call[row]! : ret[row]!);
    key.lastRead = -1;
  }
  return keys;
}

function blockedDuring(
  { fault, afterMs }: Extract<LabAssertion, { kind: "blockedDuring" }>,
  { bands }: Recording,
  history: History,
): Check {
  let began = 0;
  let succeeded = 0;
  for (let row = 0; row < history.count; row++) {
    const callUs = history.callUs[row]!;
    const returnUs = history.returnUs[row]!;
    const inside = bands.some(
      ({ kind, fromUs, toUs }) =>
        kind === fault && callUs >= fromUs + afterMs * 1000 && callUs < toUs,
    );
    if (!inside) continue;
    began++;
    const within = bands.some(
      ({ kind, fromUs, toUs }) => kind === fault && returnUs > fromUs && returnUs < toUs,
    );
    if (history.outcome[row] !== OUTCOME_INFO && history.outcome[row] !== OUTCOME_FAIL && within) {
      succeeded++;
    }
  }
  const detail = `${count(succeeded)} of ${count(began)} operations that began in "${fault}" succeeded before it was lifted`;
  // Without any the check would say nothing.
  return check("blocked", began > 0 && succeeded === 0, detail);
}

function logAtMost(
  { bytes, entryBytes }: Extract<LabAssertion, { kind: "logAtMost" }>,
  { nodes = [] }: Recording,
): Check {
  const sizes = nodes.flatMap(({ lastIndex, snapshotIndex }) =>
    snapshotIndex === undefined ? [] : [(lastIndex - snapshotIndex) * entryBytes],
  );
  const most = Math.max(0, ...sizes);
  const none = sizes.length === 0;
  const detail = none
    ? "no node told how long its log is"
    : `at most ${count(most)} bytes of entries above a snapshot, ${count(bytes)} allowed`;
  const verdict: Verdict = none ? "unknown" : most <= bytes ? "pass" : "fail";
  return { name: "log-size", verdict, detail, evidence: [] };
}

const check = (name: string, holds: boolean, detail: string): Check => ({
  ...{ name, verdict: holds ? "pass" : "fail", detail, evidence: [] },
});
