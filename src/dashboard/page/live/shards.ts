import { count } from "../../../report/format.ts";
import type { GroupView, ShardsView, ShardView } from "../../live/document.ts";
import { el } from "../element.ts";

/** Whose each shard is, and what moves. Hidden for a cluster that is not sharded. */
export class Shards {
  readonly element: HTMLElement;
  readonly #config = el("small");
  readonly #map = el("ol", { class: "shard-map", "aria-label": "Shards" });
  readonly #groups = el("tbody");
  readonly #moves = el("p", { class: "lead", role: "status" });
  #text = "";

  constructor() {
    const head = ["group", "leader", "nodes", "shards", "keys", "config"].map((name) =>
      el("th", { scope: "col" }, name),
    );
    this.element = el(
      "section",
      { class: "card shards", "aria-labelledby": "shards-title", hidden: true },
      el("h2", { id: "shards-title" }, "Shards ", this.#config),
      ...[this.#map, this.#moves],
      el(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Groups" },
        el("table", {}, el("thead", {}, el("tr", {}, ...head)), this.#groups),
      ),
    );
  }

  update(view: ShardsView | null): void {
    this.element.hidden = view === null;
    const text = JSON.stringify(view);
    if (view === null || text === this.#text) return;
    this.#text = text;
    const colour = (id: number): number => view.groups.findIndex((group) => group.id === id) % 8;
    this.#config.textContent = `config ${view.config}`;
    this.#map.replaceChildren(...view.shards.map((shard) => cell(shard, colour(shard.owner))));
    const moving = view.shards.filter(({ state }) => state === "moving");
    const moves = moving.map(
      ({ shard, from, owner }) => `shard ${shard} from group ${from} to ${owner}`,
    );
    this.#moves.textContent =
      moves.length === 0 ? "No shard moves." : `Moving: ${moves.join("; ")}`;
    this.#groups.replaceChildren(...view.groups.map((group) => row(group, view)));
  }
}

function cell({ shard, owner, state, from, keys }: ShardView, colour: number): HTMLElement {
  const whose =
    owner === 0 ? "no group" : state === "moving" ? `${from} → ${owner}` : `group ${owner}`;
  const item = el(
    "li",
    { class: `shard ${state} curve-${Math.max(0, colour)}`, title: `${count(keys)} keys` },
    el("b", {}, String(shard)),
    el("span", {}, whose),
    state === "unknown" && owner !== 0 ? el("em", {}, "silent") : null,
  );
  return item;
}

function row({ id, leader, nodes, config, keys }: GroupView, view: ShardsView): HTMLElement {
  const own = view.shards.filter(({ owner }) => owner === id).length;
  const behind =
    config === null ? "silent" : config < view.config ? `${config}, behind` : `${config}`;
  const cells = [
    leader === 0 ? "none" : `★ ${leader}`,
    nodes.length === 0 ? "left" : nodes.join(" "),
    ...[count(own), count(keys), behind],
  ];
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, String(id)),
    ...cells.map((text) => el("td", {}, text)),
  );
}
