import { count } from "../../../report/format.ts";
import type { LiveDocument, LoadOptions } from "../../live/document.ts";
import { el, setText } from "../element.ts";
import type { TabContext } from "../tab.ts";

/** Starts and stops a load. */
export class Load {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #form: HTMLFormElement;
  readonly #fields = el(
    "fieldset",
    { class: "load-fields" },
    el("legend", { class: "sr" }, "Load"),
  );
  readonly #submit = el("button", { class: "primary" }, "Start load");
  readonly #total = el("p", { class: "lead" });
  readonly #clients = number("Clients", 16, 1, 4096);
  readonly #rate = number("Rate, ops/s", "", 1, 1_000_000);
  readonly #reads = number("Reads, %", 50, 0, 100);
  readonly #bytes = number("Value, bytes", 256, 32, 1_048_576);
  readonly #keys = number("Keys", 10_000, 1, 1_000_000);
  readonly #distribution = el(
    "select",
    {},
    ...["uniform", "zipfian", "latest"].map((name) => el("option", {}, name)),
  );
  #phase: LiveDocument["load"]["phase"] = "none";

  constructor(context: TabContext) {
    this.#context = context;
    this.#rate.input.placeholder = "as fast as it goes";
    const keys = el("label", {}, el("span", {}, "Distribution"), this.#distribution);
    const fields = [this.#clients, this.#rate, this.#reads, this.#bytes, this.#keys];
    this.#fields.append(...fields.map(({ label }) => label), keys);
    this.#form = el("form", { class: "load-form" }, this.#fields, this.#submit, this.#total);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#toggle();
    });
    this.element = el(
      "section",
      { class: "card load", "aria-labelledby": "load-title" },
      el("h2", { id: "load-title" }, "Load"),
      this.#form,
    );
  }

  update({ load, phase }: LiveDocument): void {
    this.#phase = load.phase;
    this.#fields.disabled = load.phase !== "none";
    this.#submit.disabled =
      phase !== "running" || load.phase === "starting" || load.phase === "stopping";
    setText(this.#submit, load.phase === "none" ? "Start load" : "Stop load");
    const { ok, fail, info } = load.total;
    const isAny = ok + fail + info > 0;
    const text = `${count(ok)} ok · ${count(fail)} failed · ${count(info)} unknown`;
    setText(
      this.#total,
      isAny ? text : "A generator process of its own, as `ordeal load` starts one.",
    );
  }

  async #toggle(): Promise<void> {
    try {
      if (this.#phase !== "none") await this.#context.post("/api/live/load/stop");
      else await this.#context.post("/api/live/load/start", this.#options());
    } catch (error) {
      this.#context.complain(error);
    }
  }

  #options(): LoadOptions {
    const rate = this.#rate.input.value.trim();
    return {
      clients: this.#clients.input.valueAsNumber,
      rate: rate === "" ? null : Number(rate),
      reads: this.#reads.input.valueAsNumber / 100,
      valueBytes: this.#bytes.input.valueAsNumber,
      keys: this.#keys.input.valueAsNumber,
      distribution: this.#distribution.value as LoadOptions["distribution"],
    };
  }
}

function number(
  label: string,
  value: number | string,
  min: number,
  max: number,
): { readonly label: HTMLElement; readonly input: HTMLInputElement } {
  const input = el("input", { type: "number", value, min, max, inputmode: "numeric" });
  return { label: el("label", {}, el("span", {}, label), input), input };
}
