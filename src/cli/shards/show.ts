import type { ShardState } from "../../kv/shard-ops.ts";
import type { ShardConfig } from "../../kv/shard-config.ts";
import { underWay } from "../../kv/shards-under-way.ts";
import { UserError } from "../../lib/user-error.ts";
import { count } from "../../report/format.ts";
import type { ShardsStatus } from "../../target/target.ts";
import { type Cell, table } from "../table.ts";
import { unknown, type Where, withAdmin } from "./change.ts";

/** Prints what controller and groups say now. */
export const showStatus = (where: Where, json: boolean): Promise<void> =>
  withAdmin(where, async (admin) => {
    const status = await admin.status();
    if (status === null) return unknown("the shard controller does not answer");
    const left = underWay(status.config, status.groups);
    console.log(json ? JSON.stringify({ ...status, underWay: left }) : statusText(status));
  });

/** Prints a config. Throws UserError when there is none of that number. */
export const showConfig = (where: Where, num: number | undefined, json: boolean): Promise<void> =>
  withAdmin(where, async (admin) => {
    const newest = await admin.query();
    if (newest === null) return unknown("the shard controller does not answer");
    if (num !== undefined && !(Number.isInteger(num) && num >= 0 && num <= newest.num)) {
      const fix = `use 0 to ${newest.num}`;
      throw new UserError("bad option", [
        { where: "--num", what: `there is no config ${num}`, fix },
      ]);
    }
    const config = num === undefined ? newest : await admin.query(num);
    if (config === null) return unknown("the shard controller does not answer");
    console.log(json ? JSON.stringify(config) : configText(config));
  });

export function configText({ num, shards, groups }: ShardConfig): string {
  const rows = groups.map(({ id, nodes }): Cell[] => {
    const own = shards.flatMap((group, shard) => (group === id ? [shard] : []));
    return [id, nodes.join(","), own.length, own.join(" ")];
  });
  const homeless = shards.filter((group) => group === 0).length;
  const none = homeless > 0 ? `\n${count(homeless)} shards have no group` : "";
  return `config ${num}\n${table(["group", "nodes", "shards", "which"], rows)}${none}`;
}

/** Shards, then groups, then what is still to be done. */
export function statusText({ config, groups }: ShardsStatus): string {
  const said = groups.flatMap(({ group, report }) =>
    (report?.shards ?? []).map((state) => ({ group, state })),
  );
  const rows = config.shards.flatMap((owner, shard): Cell[][] => {
    const here = said.filter(({ state }) => state.shard === shard);
    // Its owner first, then who gives it away.
    here.sort((a, b) => Number(b.group === owner) - Number(a.group === owner));
    if (here.length === 0)
      return [[shard, owner === 0 ? "none" : String(owner), "unknown", "", ""]];
    return here.map(({ group, state }) => shardRow(group, state));
  });
  const groupRows = groups.map(({ group, leader, report }): Cell[] => {
    const nodes = config.groups.find(({ id }) => id === group)?.nodes.join(",") ?? "left";
    const own = config.shards.filter((owner) => owner === group).length;
    return [group, nodes, leader === 0 ? "none" : String(leader), report?.num ?? "?", own];
  });
  const left = underWay(config, groups);
  return [
    `config ${config.num}`,
    table(["shard", "group", "state", "keys", "bytes"], rows),
    "",
    table(["group", "nodes", "leader", "config", "shards"], groupRows),
    "",
    left.length === 0 ? "nothing moves" : `under way: ${left.join("; ")}`,
  ].join("\n");
}

function shardRow(group: number, { shard, state, other, keys, bytes: came }: ShardState): Cell[] {
  const place = state === "serving" ? "" : state === "arriving" ? ` from ${other}` : ` to ${other}`;
  const isArriving = state === "arriving";
  return [
    shard,
    String(group),
    state + place,
    isArriving ? "" : count(keys),
    isArriving ? count(came) : "",
  ];
}
