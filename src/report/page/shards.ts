import { duration, plural } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { ShardMigration, ShardTimeline, Timeline } from "../schema.ts";
import { endUs } from "../lanes.ts";

const BOXES_MAX = 300;

/**
 * Of a sharded cluster: a lane of its configs, and a lane a group of the shards on their way to it. Needs
 * lanes.css, and --x0 and --x1 in seconds since the timeline's start.
 */
export function shardsBlock(timeline: Timeline): Markup | null {
  const { shards, startUs } = timeline;
  if (shards === undefined || shards.configs.length === 0) return null;
  const { configs, migrations } = shards;
  const groups = [
    ...new Set([...configs.flatMap((config) => config.groups), ...migrations.map(({ to }) => to)]),
  ].sort((a, b) => a - b);
  const until = Math.max(endUs(timeline), configs.at(-1)!.atUs);
  const configBoxes = configs.slice(0, BOXES_MAX).map(({ num, atUs, groups: joined }, i) => {
    const text = `config ${num}: groups ${joined.join(", ") || "none"}`;
    const span = { fromUs: Math.max(atUs, startUs), toUs: configs[i + 1]?.atUs ?? until };
    return box("config", span, startUs, text, String(num));
  });
  return html`<figure class="lanes">
    <figcaption>
      <h3 id="shards-title">Shards <small>configs, and a lane a group of what arrives</small></h3>
      <p class="sr">${summaryOf(shards)}</p>
    </figcaption>
    <ul class="tracks" aria-labelledby="shards-title">
      ${row("config", configBoxes)} ${groups.map((group) => groupRow(group, migrations, startUs))}
    </ul>
    <p class="more">${summaryOf(shards)}</p>
  </figure>`;
}

/** Of one config or more: how many changes there were, and how long a shard was on its way. */
export function summaryOf({ configs, migrations }: ShardTimeline): string {
  const changes = plural(configs.at(-1)!.num - configs[0]!.num, "config change");
  const took = migrations.map(({ fromUs, toUs }) => toUs - fromUs).sort((a, b) => a - b);
  if (took.length === 0) return `${changes}, no shard moved.`;
  const [median, longest] = [took[Math.floor(took.length / 2)]!, took.at(-1)!];
  return `${changes}; ${plural(took.length, "migration")} of a shard took ${duration(median)} (median) to ${duration(longest)} from the config to the new group's service, looking every 50 ms.`;
}

function groupRow(group: number, migrations: readonly ShardMigration[], startUs: number): Markup {
  const own = migrations.filter(({ to }) => to === group).slice(0, BOXES_MAX);
  const boxes = own.map(({ shard, from, num, fromUs, toUs }) => {
    const text = `shard ${shard} from group ${from} to group ${group} by config ${num}`;
    return box("moving", { fromUs, toUs }, startUs, text, String(shard));
  });
  return row(`g${group}`, boxes);
}

const row = (name: string, boxes: readonly Markup[]): Markup =>
  html`<li>
    <span class="node">${name}</span>
    <div class="track">${boxes}</div>
  </li>`;

function box(
  kind: "config" | "moving",
  span: { readonly fromUs: number; readonly toUs: number },
  startUs: number,
  label: string,
  shown: string,
): Markup {
  const from = ((span.fromUs - startUs) / 1e6).toFixed(3);
  const to = ((span.toUs - startUs) / 1e6).toFixed(3);
  const text = `${label}, ${from} to ${to} s`;
  return html`<div class="box ${kind}" title="${text}" style="--from:${from};--to:${to}">
    <b aria-hidden="true">${shown}</b><span class="sr">${text}. </span>
  </div>`;
}
