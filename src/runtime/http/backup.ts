import type { Context, Hono } from "hono";
import { type Command, OP_GET } from "../../kv/command.ts";
import { encodeQuery } from "../../kv/config-changes.ts";
import { OP_QUERY, OP_SHARDS, type ShardsReport } from "../../kv/shard-ops.ts";
import { unrest } from "../../kv/shards-reborn.ts";
import { asGroup, GROUP_1, type GroupId, type LogIndex } from "../../lib/ids.ts";
import type { AdminOutcome } from "../../replica/ports.ts";
import type { SnapshotStorage } from "../../storage/snapshot-storage.ts";
import { VERSION } from "../version.ts";
import { type AppOptions, redirect } from "./app.ts";
import type { HttpReply } from "./http-client-port.ts";
import { problem } from "./problem.ts";
import { BackupQuery } from "./queries.ts";
import { readQuery, refuse } from "./validate.ts";

/** Of the stored form, read and sent at once. */
const PIECE_BYTES = 256 << 10;
/** A snapshot that was begun before the request may not hold what was acknowledged before it. */
const SNAPSHOTS_MAX = 3;
const NO_BYTES = new Uint8Array(0);
const COMMAND = { flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 } as const;
const BARRIER: Command = { ...COMMAND, op: OP_GET, key: Uint8Array.of(0), value: NO_BYTES };
const OF_CONTROLLER: Command = {
  ...{ ...COMMAND, op: OP_QUERY as Command["op"] },
  ...{ key: NO_BYTES, value: encodeQuery(null) },
};
const OF_SHARDS: Command = {
  ...{ ...COMMAND, op: OP_SHARDS as Command["op"] },
  ...{ key: NO_BYTES, value: NO_BYTES },
};

/**
 *   GET /admin/backup            a snapshot of the leader's state, in its stored form (storage/snapshot-format.ts): it
 *                                holds every write that was acknowledged before the request. X-Ordeal-Node,
 *                                X-Ordeal-Version: of the node that sends it
 *   GET /admin/backup?group=N    of a sharded cluster, where it must be said: of one group. `config=NUM`: only while
 *                                the group has come to config NUM and no shard moves there; else 409
 *
 * A node that does not lead the group redirects (307). A sharded cluster that is asked without a group: 409, with
 * X-Ordeal-Shards, the number of its shards.
 */
export function backupRoute(app: Hono, options: AppOptions): void {
  app.get("/admin/backup", async (c) => {
    const asked = readQuery(c, BackupQuery);
    if ("refused" in asked) return asked.refused;
    const { group, config } = asked.query;
    const shards = options.shards();
    if (shards === null && group !== undefined) {
      return refuse(c, [{ where: "group", what: "the cluster is not sharded" }]);
    }
    if (shards !== null && group === undefined) {
      const error = "the cluster is sharded: each group has a log of its own";
      c.header("X-Ordeal-Shards", String(shards));
      return c.json({ error, definite: true, fix: "ask for each group: ?group=N" }, 409);
    }
    const of = asGroup(group ?? GROUP_1);
    const read = await options.request(of, barrierOf(of, shards !== null));
    if (read.status === "notLeader") return redirect(options, c, read.leaderHint);
    if (read.status !== "ok" && read.status !== "notFound") return problem(c, read.status);
    const moving = config === undefined || of === GROUP_1 ? null : unrest(reportOf(read), config);
    if (moving !== null) {
      return c.json({ error: moving, definite: true, fix: "wait until nothing moves" }, 409);
    }
    const storage = options.snapshots(of)!;
    const taken = await snapshotFrom(options, of, storage, read.index);
    if (typeof taken === "string") return problem(c, "overloaded", `no snapshot: ${taken}`);
    return send(c, storage, taken, options.status().id);
  });
}

function barrierOf(group: GroupId, isSharded: boolean): Command {
  if (!isSharded) return BARRIER;
  return group === GROUP_1 ? OF_CONTROLLER : OF_SHARDS;
}

const reportOf = ({ value }: HttpReply): ShardsReport =>
  JSON.parse(new TextDecoder().decode(value)) as ShardsReport;

/** A durable snapshot that holds entry `index`; a string says why there is none. */
async function snapshotFrom(
  { admin }: AppOptions,
  group: GroupId,
  storage: SnapshotStorage,
  index: number,
): Promise<{ readonly lastIndex: LogIndex; readonly totalBytes: number } | string> {
  for (let i = 0; i < SNAPSHOTS_MAX; i++) {
    const { outcome, reason } = await new Promise<AdminOutcome>((done) =>
      admin.takeSnapshot(group, done),
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
