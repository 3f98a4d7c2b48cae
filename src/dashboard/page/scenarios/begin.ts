import type { Catalogue, CatalogueEntry, RunRequest, RunState } from "../../runs/document.ts";
import { el, setText } from "../element.ts";
import { numberField, numberOf, selectField, textField, type Field } from "../fields.ts";
import type { TabContext } from "../tab.ts";

const SEED_MAX = 2 ** 32 - 1;

/** Starts what was chosen, with what a person may change of it. */
export class Begin {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #title = el("h2", { id: "begin-title" }, "Run");
  readonly #about = el("p", { class: "lead" });
  readonly #target = selectField("Target", []);
  readonly #seed = numberField("Seed", { min: 0, max: SEED_MAX, hint: "random" });
  readonly #seconds = numberField("Duration, s", { min: 1, max: 3600, step: "any" });
  readonly #nodes = numberField("Nodes", { min: 1, max: 9 });
  readonly #file = textField("Instead, a scenario file of yours", "scenarios/mine.ts or .json");
  readonly #parameters = el("div", { class: "parameters" });
  readonly #submit = el("button", { class: "primary" }, "Start");
  readonly #hint = el("p", { class: "lead", role: "status" });
  #own: ReadonlyMap<string, Field<HTMLInputElement>> = new Map();
  #entry: CatalogueEntry | null = null;

  constructor(context: TabContext) {
    this.#context = context;
    this.#file.label.classList.add("wide");
    const form = el(
      "form",
      {},
      el(
        "div",
        { class: "begin-fields" },
        ...[this.#target, this.#seed, this.#seconds, this.#nodes].map(({ label }) => label),
        this.#parameters,
        this.#file.label,
      ),
      ...[this.#submit, this.#hint],
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    this.#file.input.addEventListener("input", () => this.#show());
    this.element = el(
      "section",
      { class: "card begin", "aria-labelledby": "begin-title" },
      ...[this.#title, this.#about, form],
    );
  }

  fill({ targets }: Catalogue): void {
    this.#target.input.replaceChildren(...targets.map((name) => el("option", {}, name)));
  }

  choose(entry: CatalogueEntry): void {
    this.#entry = entry;
    this.#file.input.value = "";
    const { nodes, durationMs } = entry;
    this.#seconds.input.placeholder = durationMs === null ? "" : `${durationMs / 1000}`;
    this.#nodes.input.placeholder = nodes === null ? "" : `${nodes}`;
    this.#own = new Map(
      entry.parameters.map(({ name, about, min, max, default: hint }) => {
        const field = numberField(name, { min, max, step: "any", hint: `${hint}` });
        field.input.title = `${about} (${min} to ${max})`;
        return [name, field];
      }),
    );
    this.#parameters.replaceChildren(...[...this.#own.values()].map(({ label }) => label));
    this.#show();
  }

  update({ phase, name }: RunState): void {
    const isBusy = phase === "running" || phase === "stopping";
    this.#submit.disabled = isBusy;
    const text = "only one run at a time, or each would disturb the other";
    setText(this.#hint, isBusy ? `${name} runs: ${text}` : "");
  }

  #show(): void {
    const entry = this.#entry;
    if (entry === null) return;
    const isFile = this.#file.input.value.trim() !== "";
    setText(this.#title, isFile ? "Run your scenario" : `Run ${entry.name}`);
    setText(this.#about, isFile ? "A module or JSON file that is a scenario." : entry.about);
    const isChaos = isFile || entry.kind === "chaos";
    this.#target.input.disabled = !isChaos && entry.kind !== "bench";
    this.#nodes.input.disabled = !isChaos;
    this.#seconds.input.disabled = !isChaos && entry.kind !== "planted";
    this.#parameters.hidden = isFile || entry.parameters.length === 0;
  }

  #request(entry: CatalogueEntry): RunRequest {
    const file = this.#file.input.value.trim();
    const seconds = numberOf(this.#seconds);
    const changed = [...this.#own].flatMap(([name, field]) => {
      const value = numberOf(field);
      return value === null ? [] : [[name, value] as const];
    });
    const { input: target } = this.#target;
    return {
      kind: file === "" ? entry.kind : "chaos",
      // A path, also where it could be a name.
      name: file === "" ? entry.name : /[/]|\.(ts|json)$/.test(file) ? file : `./${file}`,
      target: target.disabled ? "ordeal" : target.value,
      seed: numberOf(this.#seed),
      durationMs: seconds === null || this.#seconds.input.disabled ? null : seconds * 1000,
      nodes: this.#nodes.input.disabled ? null : numberOf(this.#nodes),
      parameters: file === "" ? Object.fromEntries(changed) : {},
    };
  }

  async #start(): Promise<void> {
    if (this.#entry === null) return;
    try {
      await this.#context.post("/api/runs/start", this.#request(this.#entry));
      document.getElementById("run-title")?.scrollIntoView({ block: "center" });
    } catch (error) {
      this.#context.complain(error);
    }
  }
}
