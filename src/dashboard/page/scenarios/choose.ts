import { durationMs, plural } from "../../../report/format.ts";
import type { Catalogue, CatalogueEntry, RunKind } from "../../runs/document.ts";
import { el, setText } from "../element.ts";
import { textField } from "../fields.ts";

const KINDS: Readonly<Record<RunKind, string>> = {
  planted: "planted fault",
  chaos: "scenario",
  bench: "benchmark",
};

/** The catalogue as a list to choose one of, with a filter. */
export class Choose {
  readonly element: HTMLElement;
  readonly #filter = textField("Filter", "name, fault, tag…", "search");
  readonly #shown = el("p", { class: "lead", role: "status" });
  readonly #list = el("ul", { class: "choices" });
  readonly #chosen: (entry: CatalogueEntry) => void;
  #rows: readonly { readonly entry: CatalogueEntry; readonly item: HTMLElement }[] = [];

  constructor(chosen: (entry: CatalogueEntry) => void) {
    this.#chosen = chosen;
    this.#filter.input.addEventListener("input", () => this.#show());
    this.#filter.label.classList.add("search");
    this.element = el(
      "section",
      { class: "card choose", "aria-labelledby": "choose-title" },
      el("h2", { id: "choose-title" }, "Scenarios and benchmarks"),
      ...[this.#filter.label, this.#shown],
      el("fieldset", {}, el("legend", { class: "sr" }, "What to run"), this.#list),
    );
  }

  fill({ entries }: Catalogue): void {
    this.#rows = entries.map((entry, i) => ({ entry, item: this.#item(entry, i === 0) }));
    this.#list.replaceChildren(...this.#rows.map(({ item }) => item));
    this.#show();
    if (entries[0] !== undefined) this.#chosen(entries[0]);
  }

  #item(entry: CatalogueEntry, isFirst: boolean): HTMLElement {
    const { kind, name, about, faults, nodes, durationMs: ms } = entry;
    const facts = [
      KINDS[kind],
      ...(nodes === null ? [] : [plural(nodes, "node")]),
      ...(ms === null ? [] : [durationMs(ms)]),
    ];
    const choose = (): void => this.#chosen(entry);
    const radio = el("input", { type: "radio", name: "scenario", onchange: choose });
    radio.checked = isFirst;
    return el(
      "li",
      {},
      el(
        "label",
        { class: `choice ${kind}` },
        radio,
        el("b", {}, name),
        el("small", {}, facts.join(" · ")),
        el("span", {}, about),
        faults.length === 0
          ? null
          : el("small", { class: "breaks" }, `breaks: ${faults.join(", ")}`),
      ),
    );
  }

  #show(): void {
    const words = this.#filter.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let many = 0;
    for (const { entry, item } of this.#rows) {
      const { kind, name, about, faults, tags } = entry;
      const text = [KINDS[kind], name, about, ...faults, ...tags].join(" ").toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      if (!item.hidden) many++;
    }
    const all = this.#rows.length;
    setText(this.#shown, many === all ? `${all} to choose from` : `${many} of ${all}`);
  }
}
