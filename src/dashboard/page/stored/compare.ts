import type { ComparedReports } from "../../reports/document.ts";
import { el } from "../element.ts";
import { badge } from "../fields.ts";
import type { TabContext } from "../tab.ts";

/** Two chosen runs side by side: what can be said in a few lines, and the page with the rest. */
export class Compare {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #clear: () => void;
  readonly #body = el("div", { role: "status" });
  #asked = 0;

  constructor(context: TabContext, clear: () => void) {
    this.#context = context;
    this.#clear = clear;
    this.element = el(
      "section",
      { class: "card compare-card", "aria-labelledby": "compare-title" },
      el("h2", { id: "compare-title" }, "Compare two"),
      this.#body,
    );
    this.#show([]);
  }

  async update(picked: readonly string[]): Promise<void> {
    const asked = ++this.#asked;
    this.#show(picked);
    const [base, head] = picked;
    if (base === undefined || head === undefined) return;
    const query = new URLSearchParams({ base, head });
    try {
      const compared = await this.#context.get<ComparedReports>(`/api/reports/compare?${query}`);
      if (asked === this.#asked) this.#show(picked, compared);
    } catch (error) {
      this.#context.complain(error);
    }
  }

  #show(picked: readonly string[], compared?: ComparedReports): void {
    const [base, head] = picked;
    if (base === undefined) {
      const text = "Choose two runs below: the first is how it was, the second how it is now.";
      this.#body.replaceChildren(el("p", { class: "lead" }, text));
      return;
    }
    const clear = el("button", { type: "button", onclick: this.#clear }, "Clear");
    const swap = el(
      "button",
      { type: "button", onclick: () => void this.update([head ?? "", base]) },
      "Swap",
    );
    const sides = el(
      "dl",
      { class: "sides" },
      el("div", {}, el("dt", {}, "Base"), el("dd", {}, base)),
      el("div", {}, el("dt", {}, "Head"), el("dd", {}, head ?? "choose another run")),
    );
    const buttons = el("div", { class: "buttons" }, head === undefined ? null : swap, clear);
    this.#body.replaceChildren(
      ...[sides, ...(compared === undefined ? [] : found(compared)), buttons],
    );
  }
}

/** Of the rest the page tells. */
const LINES_MAX = 8;

function found(compared: ComparedReports): readonly HTMLElement[] {
  const { href, verdict, verdictText, summary, differences, failed } = compared;
  const list = (title: string, lines: readonly string[]): readonly HTMLElement[] =>
    lines.length === 0
      ? []
      : [
          el("p", {}, el("b", {}, title)),
          el("ul", { class: "reasons" }, ...cut(lines).map((line) => el("li", {}, line))),
        ];
  const open = { class: "button", href, target: "_blank", rel: "noopener" };
  return [
    el(
      "p",
      { class: "run-verdict" },
      badge(verdict, verdictText),
      el("a", open, "Open the comparison"),
    ),
    el("p", {}, summary),
    ...list(
      "Their figures are not compared, since they differ in what must be alike:",
      differences,
    ),
    ...list("Checks that do not hold:", failed),
  ];
}

const cut = (lines: readonly string[]): readonly string[] =>
  lines.length <= LINES_MAX
    ? lines
    : [...lines.slice(0, LINES_MAX), `and ${lines.length - LINES_MAX} more, on the page`];
