import { expect, test } from "bun:test";
import type { Boundary } from "../boundary.ts";
import { KindNamer } from "./kinds.ts";

const WAL = "/data/wal";
const SNAPSHOTS = "/data/snapshots";

/** The names of boundaries of node 1, told one after the other. */
function namesOf(told: readonly (readonly [Boundary["effect"], string, boolean?])[]): string[] {
  const namer = new KindNamer();
  return told.map(([effect, what, isStarting = false]) =>
    namer.kindOf({ node: 1, effect, side: "before", what, isStarting }),
  );
}

test("kinds: a segment is made first, and then takes records", () => {
  const names = namesOf([
    ["create", `${WAL}/wal-00000002.seg`],
    ["write", `${WAL}/wal-00000002.seg.3.unsynced`],
    ["zero", `${WAL}/wal-00000002.seg.3.unsynced`],
    ["syncDir", WAL],
    ["write", `${WAL}/wal-00000002.seg`],
    ["sync", `${WAL}/wal-00000002.seg`],
    ["unlink", `${WAL}/wal-00000001.seg`],
  ]);
  const made = ["segment create", "segment write", "segment zero", "log directory sync"];
  expect(names).toEqual([...made, "record write", "record sync", "segment delete"]);
});

test("kinds: a segment that goes is a spare, until it has another one's name", () => {
  const names = namesOf([
    ["rename", `${WAL}/wal-00000001.seg`],
    ["syncDir", WAL],
    ["write", `${WAL}/wal-00000001.spare`],
    ["sync", `${WAL}/wal-00000001.spare`],
    ["rename", `${WAL}/wal-00000001.spare`],
    ["syncDir", WAL],
    ["write", `${WAL}/wal-00000004.seg`],
  ]);
  const reused = ["spare segment write", "spare segment sync", "spare segment rename"];
  const synced = "log directory sync";
  expect(names).toEqual(["segment rename", synced, ...reused, synced, "record write"]);
});

test("kinds: a snapshot of its own, a leader's, and the one before", () => {
  const own = `${SNAPSHOTS}/snapshot-0000000000000009.snap.1.own`;
  const names = namesOf([
    ["create", own],
    ["write", `${own}.1.unsynced`],
    ["sync", `${own}.1.unsynced`],
    ["rename", own],
    ["syncDir", SNAPSHOTS],
    ["unlink", `${SNAPSHOTS}/snapshot-0000000000000003.snap`],
    ["write", `${SNAPSHOTS}/snapshot-0000000000000012.snap.2.received.2.unsynced`],
  ]);
  const file = ["new snapshot create", "new snapshot write", "new snapshot sync"];
  const named = ["new snapshot rename", "snapshot directory sync", "old snapshot delete"];
  expect(names).toEqual([...file, ...named, "received snapshot write"]);
});

test("kinds: a first start is no recovery", () => {
  const segment = `${WAL}/wal-00000001.seg`;
  const names = namesOf([
    ["create", segment, true],
    ["sync", `${segment}.1.unsynced`, true],
    ["frame", "voteRequest"],
    ["write", segment, true],
    ["answer", "0"],
  ]);
  const first = ["first start: segment create", "first start: segment sync"];
  expect(names).toEqual([...first, "send vote request", "recovery: record write", "client answer"]);
});
