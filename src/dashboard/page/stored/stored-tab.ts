import type { StoredList } from "../../reports/document.ts";
import { el, setText } from "../element.ts";
import { selectField, textField } from "../fields.ts";
import type { Tab, TabContext } from "../tab.ts";
import { Compare } from "./compare.ts";
import { fits, kindsOf, pick, type Wanted } from "./filter.ts";
import { storedTable } from "./table.ts";
import "../../../report/page/verdict.css";
import "./stored.css";

/** Of more than these a filter finds the others. */
const SHOWN_MAX = 300;

const VERDICTS = [
  ["", "any"],
  ["fail", "fail"],
  ["unknown", "unknown"],
  ["pass", "pass"],
  ["damaged", "damaged"],
] as const;

/** Runs and comparisons that are stored: found, opened, set side by side. */
export const storedTab: Tab = {
  id: "runs",
  title: "Runs",
  mount: (root, context) => new Stored(root, context).open(),
};

class Stored {
  readonly #context: TabContext;
  readonly #compare: Compare;
  readonly #filter = textField("Filter", "name, seed, target, check…", "search");
  readonly #verdict = selectField("Verdict", VERDICTS);
  readonly #kind = selectField("Kind", [["", "any"]]);
  readonly #shown = el("p", { class: "lead", role: "status" });
  readonly #table = el("div", {});
  readonly #loading = new AbortController();
  #list: StoredList = { dir: "", rows: [] };
  #picked: readonly string[] = [];

  constructor(root: HTMLElement, context: TabContext) {
    this.#context = context;
    this.#compare = new Compare(context, () => this.#pick([]));
    this.#filter.label.classList.add("search");
    for (const { input } of [this.#filter, this.#verdict, this.#kind]) {
      input.addEventListener("input", () => this.#show());
    }
    const refresh = el("button", { type: "button", onclick: () => void this.#load() }, "Refresh");
    const page = { href: "/reports/_history", target: "_blank", rel: "noopener" };
    const labels = [this.#filter, this.#verdict, this.#kind].map(({ label }) => label);
    root.append(
      this.#compare.element,
      el(
        "section",
        { class: "card", "aria-labelledby": "stored-title" },
        el(
          "div",
          { class: "run-head" },
          el("h2", { id: "stored-title" }, "Runs and reports"),
          el("div", { class: "buttons" }, el("a", page, "History of figures"), refresh),
        ),
        el("form", { class: "stored-filter", role: "search", "aria-label": "Runs" }, ...labels),
        ...[this.#shown, this.#table],
      ),
    );
    root.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  }

  open(): () => void {
    void this.#load();
    return () => this.#loading.abort();
  }

  async #load(): Promise<void> {
    try {
      this.#list = await this.#context.get<StoredList>("/api/reports", this.#loading.signal);
      const kinds = kindsOf(this.#list.rows);
      const { input } = this.#kind;
      const { value } = input;
      input.replaceChildren(...["", ...kinds].map((kind) => option(kind)));
      input.value = kinds.includes(value) ? value : "";
      this.#show();
    } catch (error) {
      this.#context.complain(error);
    }
  }

  #show(): void {
    const wanted: Wanted = {
      text: this.#filter.input.value.trim(),
      verdict: this.#verdict.input.value as Wanted["verdict"],
      kind: this.#kind.input.value,
    };
    const { rows, dir } = this.#list;
    const found = rows.filter((row) => fits(row, wanted));
    const shown = found.slice(0, SHOWN_MAX);
    const many =
      found.length === rows.length ? `${rows.length}` : `${found.length} of ${rows.length}`;
    const cut = shown.length < found.length ? `; the newest ${shown.length} are shown` : "";
    const none = `No run is stored in ${dir} yet: start one under Scenarios.`;
    setText(this.#shown, rows.length === 0 ? none : `${many} in ${dir}${cut}`);
    const table = storedTable(shown, this.#picked, (folder) =>
      this.#pick(pick(this.#picked, folder)),
    );
    this.#table.replaceChildren(...(shown.length === 0 ? [] : [table]));
  }

  /** The boxes are set, not drawn anew: the keyboard stays where it is. */
  #pick(picked: readonly string[]): void {
    this.#picked = picked;
    for (const box of this.#table.querySelectorAll<HTMLInputElement>("input[data-folder]")) {
      box.checked = picked.includes(box.dataset["folder"]!);
    }
    void this.#compare.update(picked);
  }
}

const option = (kind: string): HTMLElement => el("option", { value: kind }, kind || "any");
