import { isSpare } from "../../storage/segment.ts";
import type { Boundary } from "../boundary.ts";

const VERBS: Readonly<Record<string, string>> = {
  create: "create",
  write: "write",
  zero: "zero",
  truncate: "truncate",
  sync: "sync",
  rename: "rename",
  unlink: "delete",
  syncDir: "directory sync",
};

/** What storage/volatile-disk.ts adds to a name whose directory was not synced yet. */
const UNSYNCED = /\.\d+\.unsynced$/;

const FRAMES: Readonly<Record<string, string>> = {
  voteRequest: "vote request",
  voteResponse: "vote",
  appendEntries: "append",
  appendResponse: "ack",
  installSnapshot: "snapshot chunk",
  snapshotResponse: "snapshot ack",
  heartbeat: "heartbeat",
  heartbeatResponse: "heartbeat answer",
  timeoutNow: "transfer",
};

/**
 * Gives boundaries the names under which they are counted. Told of all of them, in order: what a
 * write is depends on what came before it in the same file.
 */
export class KindNamer {
  /** Segments that are being made: nothing is written to them as a log yet. */
  readonly #unfinished = new Set<string>();
  /** Nodes that have started once. */
  readonly #begun = new Set<number>();

  kindOf(boundary: Boundary): string {
    const { effect, what, isStarting, node } = boundary;
    const disk = this.#diskKind(boundary);
    if (!isStarting) this.#begun.add(node);
    if (disk === null)
      return effect === "answer" ? "client answer" : `send ${FRAMES[what] ?? what}`;
    if (!isStarting) return disk;
    return `${this.#begun.has(node) ? "recovery" : "first start"}: ${disk}`;
  }

  #diskKind({ effect, what, node }: Boundary): string | null {
    const verb = VERBS[effect];
    if (verb === undefined) return null;
    if (effect === "syncDir") return `${placeOf(`${what}/`)} ${verb}`;
    const name = what.replace(UNSYNCED, "");
    const place = placeOf(name);
    if (place !== "log") return `${place} ${verb}`;
    if (isSpare(name)) return `spare segment ${verb}`;
    const path = `${node} ${name}`;
    if (verb === "create") this.#unfinished.add(path);
    const isUnfinished = this.#unfinished.has(path);
    // Its header and its zeros are durable by one sync; from then on it takes records.
    if (verb === "sync" || verb === "zero") this.#unfinished.delete(path);
    return isUnfinished || verb === "delete" || verb === "rename"
      ? `segment ${verb}`
      : `record ${verb}`;
  }
}

function placeOf(path: string): string {
  if (/\.received$/.test(path)) return "received snapshot";
  if (/\.own$/.test(path)) return "new snapshot";
  if (/\.snap$/.test(path)) return "old snapshot";
  if (/snapshots\/$/.test(path)) return "snapshot";
  return /wal[-/]/.test(path) ? "log" : "identity";
}
