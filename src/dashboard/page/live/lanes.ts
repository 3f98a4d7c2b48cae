import type { NodeView } from "../../live/document.ts";
import { count } from "../../../report/format.ts";
import { el, setText } from "../element.ts";
import { type Lane, lanesOf } from "./lanes-model.ts";
import { ROLE_GLYPHS, ROLE_WORDS } from "./ring-model.ts";

type Row = {
  readonly item: HTMLElement;
  readonly name: HTMLElement;
  readonly bar: HTMLElement;
  readonly figures: HTMLElement;
  readonly known: HTMLElement;
};

/** The logs of all nodes, one below the other, over the same indexes. */
export class Lanes {
  readonly element: HTMLElement;
  readonly #title = el("h2", { id: "lanes-title" }, "Logs");
  readonly #list = el("ul", { class: "lanes-list" });
  readonly #range = el("p", { class: "range", "aria-hidden": "true" });
  readonly #rows = new Map<number, Row>();

  constructor() {
    const legend = ["snapshot", "applied", "committed", "in the log"].map((name) =>
      el("li", {}, el("i", { class: `key ${name.split(" ")[0]!}` }), name),
    );
    const known = el("li", {}, el("i", { class: "key match" }), "match, as the leader knows it");
    this.element = el(
      "section",
      { class: "card log-lanes", "aria-labelledby": "lanes-title" },
      this.#title,
      el("ul", { class: "legend" }, ...legend, known),
      ...[this.#list, this.#range],
    );
  }

  update(nodes: readonly NodeView[], isSharded: boolean): void {
    setText(this.#title, isSharded ? "Logs of the shard controller, group 1" : "Logs");
    const { from, to, lanes } = lanesOf(nodes);
    setText(this.#range, `index ${count(from)} to ${count(to)}`);
    const ids = new Set(nodes.map(({ id }) => id));
    for (const [id, { item }] of this.#rows) {
      if (ids.has(id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    for (const lane of lanes) this.#draw(lane);
  }

  #draw(lane: Lane): void {
    const { node, known } = lane;
    const { name, bar, figures, known: knownText } = this.#rowOf(node.id);
    setText(name, `${node.id} ${ROLE_GLYPHS[node.role]}`.trim());
    name.title = ROLE_WORDS[node.role];
    bar.className = `lane-bar ${node.role}`;
    const set = (key: string, value: number): void =>
      bar.style.setProperty(`--${key}`, `${(value * 100).toFixed(2)}%`);
    set("snapshot", lane.snapshot);
    set("applied", lane.applied);
    set("committed", lane.committed);
    set("last", lane.last);
    set("match", known?.match ?? 0);
    bar.classList.toggle("known", known !== null);
    const { lastIndex, commitIndex, appliedIndex, snapshotIndex } = node;
    const texts = [
      ...[`last ${count(lastIndex)}`, `commit ${count(commitIndex)}`],
      ...[`applied ${count(appliedIndex)}`, `snapshot ${count(snapshotIndex)}`],
    ];
    for (const [i, text] of texts.entries()) setText(figures.children[i]!, text);
    setText(
      knownText,
      known === null
        ? ROLE_WORDS[node.role]
        : `${known.follower.state}: match ${count(known.follower.matchIndex)}, next ${count(known.follower.nextIndex)}`,
    );
  }

  #rowOf(id: number): Row {
    const found = this.#rows.get(id);
    if (found !== undefined) return found;
    const name = el("b", { class: "lane-name" });
    const parts = [
      "last",
      "committed",
      "applied",
      "snapshot",
      "commit-mark",
      "apply-mark",
      "match",
    ];
    const bar = el(
      "div",
      { class: "lane-bar", "aria-hidden": "true" },
      ...parts.map((part) => el("i", { class: part })),
    );
    const figures = el(
      "span",
      { class: "lane-figures" },
      ...Array.from({ length: 4 }, () => el("span")),
    );
    const known = el("span", { class: "lane-known" });
    const item = el("li", {}, name, bar, el("p", {}, figures, known));
    const row = { item, name, bar, figures, known };
    this.#rows.set(id, row);
    this.#list.append(item);
    return row;
  }
}
