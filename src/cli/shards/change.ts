import { applyChange, type ConfigChange } from "../../kv/config-changes.ts";
import type { ShardConfig } from "../../kv/shard-config.ts";
import { underWay } from "../../kv/shards-under-way.ts";
import { UserError } from "../../lib/user-error.ts";
import { ShardAdmin } from "../../target/shards/shard-admin.ts";
import type { ClusterAddress } from "../../target/target.ts";
import { parseNodes, readClusterAddress } from "../load/address.ts";
import { refuseStrangers } from "../load/reach.ts";
import { parseDurationMs } from "../parse.ts";
import { movesText } from "./moves.ts";

/** Which cluster: one of the two. */
export type Where = { readonly dir?: string | undefined; readonly nodes?: string | undefined };
export type ChangeFlags = Where & {
  readonly wait: boolean;
  readonly within: string;
  readonly json: boolean;
};

/** No answer, or not in time: nothing is known. */
export const EXIT_UNKNOWN = 3;
export const ASK_WITHIN_MS = 10_000;
const LOOK_MS = 50;

/** Throws UserError. */
export function addressAt({ dir, nodes }: Where): ClusterAddress {
  if ((dir === undefined) === (nodes === undefined)) {
    const what = dir === undefined ? "no cluster is named" : "both name a cluster";
    const fix = "give --dir DIR of `ordeal cluster start`, or --nodes host:port,…";
    throw new UserError("which cluster?", [{ where: "--dir, --nodes", what, fix }]);
  }
  const address = dir === undefined ? parseNodes(nodes!) : readClusterAddress(dir);
  if (dir === undefined || address.shards !== undefined) return address;
  const fix = "start one that is: ordeal cluster start --groups 4 --shards 12 --dir DIR";
  throw new UserError("no shards", [{ where: dir, what: "the cluster is not sharded", fix }]);
}

/** With a connection to the cluster, which is closed in any case. */
export async function withAdmin(
  where: Where,
  act: (admin: ShardAdmin) => Promise<void>,
): Promise<void> {
  const address = addressAt(where);
  await refuseStrangers(address);
  const admin = new ShardAdmin(address, ASK_WITHIN_MS);
  try {
    await act(admin);
  } finally {
    admin.close();
  }
}

/** Has the config changed, prints what came of it, and waits if asked to. */
export const changeConfig = (flags: ChangeFlags, change: ConfigChange): Promise<void> =>
  withAdmin(flags, (admin) => changeWith(admin, flags, change));

export async function changeWith(
  admin: ShardAdmin,
  { wait, within, json }: ChangeFlags,
  change: ConfigChange,
): Promise<void> {
  const withinMs = parseDurationMs(within, "--within");
  const before = await admin.query();
  if (before === null) return unknown("the shard controller does not answer");
  refuse(applyChange(before, change));
  const changed = await admin.change(change, before.num);
  switch (changed.kind) {
    case "unknown":
      return unknown("no answer in time: look with `ordeal shards query` whether it was made");
    case "refused":
      return refuse(changed.why);
    case "outdated": {
      const what = `another change came first: the newest config is ${changed.num}`;
      const fix = "look at it (ordeal shards query), and repeat the command if it is still wanted";
      throw new UserError("refused", [{ where: `config ${before.num}`, what, fix }]);
    }
    case "done":
  }
  const { config } = changed;
  const moves = movesText(before, config);
  if (!json) console.log(`config ${config.num}: ${moves}`);
  const left = wait ? await waitFor(admin, config, withinMs) : null;
  if (json) console.log(JSON.stringify({ ok: left === null || left.length === 0, config, left }));
  if (left === null) return;
  if (left.length > 0) return unknown(`not within ${within}: ${left.join("; ")}`);
  if (!json) console.log("every group has adopted it, and nothing moves");
}

/** What is left to do when the time is up; empty: the config, or a later one, is carried out. */
async function waitFor(
  admin: ShardAdmin,
  { num }: ShardConfig,
  withinMs: number,
): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const now = await admin.status();
    const left =
      now === null || now.config.num < num
        ? ["the shard controller does not answer"]
        : underWay(now.config, now.groups);
    if (left.length === 0 || performance.now() >= deadline) return left;
    await Bun.sleep(LOOK_MS);
  }
}

function refuse(why: ShardConfig | string): void {
  if (typeof why !== "string") return;
  const fix = "look at what is there: ordeal shards query";
  throw new UserError("refused", [{ where: "the shard controller", what: why, fix }]);
}

export function unknown(what: string): void {
  console.error(what);
  process.exitCode = EXIT_UNKNOWN;
}
