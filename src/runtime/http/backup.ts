import type { Context, Hono } from "hono";
import { type Command, OP_GET } from "../../kv/command.ts";
import { GROUP_1, type LogIndex } from "../../lib/ids.ts";
import type { AdminOutcome } from "../../replica/ports.ts";
import type { SnapshotStorage } from "../../storage/snapshot-storage.ts";
import { VERSION } from "../version.ts";
import { type AppOptions, redirect } from "./app.ts";
import { problem } from "./problem.ts";

/** Of the stored form, read and sent at once. */
const PIECE_BYTES = 256 << 10;
/** A snapshot that was begun before the request may not hold what was acknowledged before it. */
const SNAPSHOTS_MAX = 3;
const NO_BYTES = new Uint8Array(0);
const BARRIER: Command = {
  ...{ op: OP_GET, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
  ...{ key: Uint8Array.of(0), value: NO_BYTES },
};

/**
 *   GET /admin/backup   a snapshot of the leader's state, in its stored form (storage/snapshot-format.ts): it
 *                       holds every write that was acknowledged before the request. X-Ordeal-Node,
 *                       X-Ordeal-Version: of the node that sends it
 *
 * A node that does not lead redirects (307). A sharded cluster has many logs and no one moment in all of
 * them: 409.
 */
export function backupRoute(app: Hono, options: AppOptions): void {
  app.get("/admin/backup", async (c) => {
    if (options.placeOf(NO_BYTES) !== null) {
      const error =
        "a sharded cluster has no one moment in all its groups, and cannot be backed up";
      return c.json({ error, definite: true, fix: "read its keys out through clients" }, 409);
    }
    const read = await options.request(GROUP_1, BARRIER);
    if (read.status === "notLeader") return redirect(options, c, read.leaderHint);
    if (read.status !== "ok" && read.status !== "notFound") return problem(c, read.status);
    const storage = options.snapshots();
    const taken = await snapshotFrom(options, storage, read.index);
    if (typeof taken === "string") return problem(c, "overloaded", `no snapshot: ${taken}`);
    return send(c, storage, taken, options.status().id);
  });
}

/** A durable snapshot that holds entry `index`; a string says why there is none. */
async function snapshotFrom(
  { admin }: AppOptions,
  storage: SnapshotStorage,
  index: number,
): Promise<{ readonly lastIndex: LogIndex; readonly totalBytes: number } | string> {
  for (let i = 0; i < SNAPSHOTS_MAX; i++) {
    const { outcome, reason } = await new Promise<AdminOutcome>((done) =>
      admin.takeSnapshot(GROUP_1, done),
    );
    if (outcome !== "done") return reason;
    const { newest } = storage;
    if (newest !== null && newest.meta.lastIndex >= index) {
      return { lastIndex: newest.meta.lastIndex, totalBytes: newest.totalBytes };
    }
  }
  return "each was begun too early";
}

function send(
  c: Context,
  storage: SnapshotStorage,
  { lastIndex, totalBytes }: { readonly lastIndex: LogIndex; readonly totalBytes: number },
  node: number,
): Response {
  let offset = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise<void>((resolve) => {
        storage.read(lastIndex, offset, PIECE_BYTES, (data) => {
          if (data === null) controller.error(new Error("the snapshot is gone, or cannot be read"));
          else {
            offset += data.length;
            if (data.length > 0) controller.enqueue(data.slice());
            if (offset >= totalBytes || data.length === 0) controller.close();
          }
          resolve();
        });
      }),
  });
  return c.body(body, 200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": String(totalBytes),
    "X-Ordeal-Node": String(node),
    "X-Ordeal-Version": VERSION,
  });
}
