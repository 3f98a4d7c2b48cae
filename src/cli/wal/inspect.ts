import { readOnlyDisk } from "../../runtime/read-only-disk.ts";
import {
  inspectWal,
  type ItemInfo,
  ownerOf,
  type RecordInfo,
  type RecordsWanted,
  type SegmentInfo,
} from "../../storage/inspect.ts";
import { inspectSnapshots, type SnapshotInfo } from "../../storage/inspect-node.ts";
import { type Cell, table } from "../table.ts";
import { nodeDir, runningNote, whileItRuns } from "./node-dir.ts";

/** Prints what a node's directory holds. Throws UserError when it is none. */
export function inspectDirectory(given: string, wanted: RecordsWanted | null, json: boolean): void {
  const dir = nodeDir(given);
  const port = readOnlyDisk();
  const { owner, wal, snapshots, unfinished } = whileItRuns(dir, () => ({
    owner: ownerOf(port, dir.wal),
    wal: inspectWal(port, dir.wal, wanted),
    ...inspectSnapshots(port, dir),
  }));
  const { segments, spares, hardStates, marks, records } = wal;
  if (json) {
    const document = {
      ...{ dir: dir.dir, runningPid: dir.pid, owner, segments, spares, hardStates, marks },
      ...{ snapshots, unfinishedSnapshots: unfinished },
      ...(wanted !== null && { records }),
    };
    return console.log(JSON.stringify(document, null, 2));
  }
  const whose = owner === null ? "nobody" : `node ${owner.nodeId} of cluster "${owner.clusterId}"`;
  const parts = [
    [`${dir.dir}: data of ${whose}`, ...runningNote(dir)].join("\n"),
    section("segments", SEGMENT_HEADER, segments.map(segmentRow)),
    spares.length === 0 ? "" : `spare segments, to be used again: ${spares.join(", ")}`,
    section(
      "hard states",
      ["group", "term", "voted for"],
      hardStates.map((h) => [h.group, h.term, h.votedFor]),
    ),
    section(
      "marks: the log begins after",
      ["group", "index", "term"],
      marks.map((m) => [m.group, m.lastIndex, m.lastTerm]),
    ),
    section("snapshots", SNAPSHOT_HEADER, snapshots.map(snapshotRow)),
    unfinished.length === 0 ? "" : `unfinished snapshots, never used: ${unfinished.join(", ")}`,
    wanted === null ? "" : section("records", RECORD_HEADER, records.map(recordRow)),
  ];
  console.log(parts.filter((part) => part !== "").join("\n\n"));
}

function section(
  title: string,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  return rows.length === 0 ? `${title}: none` : `${title}\n${table(header, rows)}`;
}

const SEGMENT_HEADER = [
  "number",
  "bytes",
  "used",
  "records",
  "first",
  "last",
  "salt",
  "entries by group",
  "stops at",
];

const segmentRow = ({
  number,
  bytes,
  usedBytes,
  records,
  first,
  last,
  header,
  ranges,
  stop,
}: SegmentInfo): Cell[] => [
  ...[number, bytes, usedBytes, records, first ?? "", last ?? "", header?.salt ?? ""],
  ranges.map((range) => `${range.group}: ${range.first} to ${range.last}`).join(", "),
  stop ?? "",
];

const SNAPSHOT_HEADER = [
  "group",
  "file",
  "bytes",
  "last index",
  "last term",
  "chunks",
  "checksum",
  "voters",
  "state",
];

const snapshotRow = ({
  group,
  file,
  bytes,
  meta,
  chunks,
  checksum,
  problem,
}: SnapshotInfo): Cell[] => [
  ...[group, file, bytes, meta?.lastIndex ?? "", meta?.lastTerm ?? "", chunks, checksum],
  meta?.membership.voters.join(" ") ?? "",
  problem ?? "sound",
];

const RECORD_HEADER = ["record", "segment", "offset", "bytes", "holds"];

const recordRow = ({ sequence, segment, offset, bytes, items }: RecordInfo): Cell[] => [
  ...[sequence, segment, offset, bytes],
  items.map(itemText).join("; "),
];

function itemText(item: ItemInfo): string {
  switch (item.kind) {
    case "hardState":
      return `group ${item.group}: term ${item.term}, vote ${item.votedFor === 0 ? "none" : item.votedFor}`;
    case "mark":
      return `group ${item.group}: begins after ${item.lastIndex}@${item.lastTerm}`;
    case "entries":
      return `group ${item.group}: ${item.firstIndex} to ${item.lastIndex}@${item.term}, ${item.bytes} B`;
  }
}
