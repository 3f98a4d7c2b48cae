import type { LiveDocument, StartOptions } from "../../live/document.ts";
import { el, setText } from "../element.ts";
import type { TabContext } from "../tab.ts";

const NODES_MAX = 9;
const SHARDS = 12;

/** What is shown while no cluster runs: a form that starts one. */
export class Start {
  readonly element: HTMLElement;
  readonly #context: TabContext;
  readonly #nodes = select(
    "Nodes",
    Array.from({ length: NODES_MAX }, (_, i) => String(i + 1)),
    "5",
  );
  readonly #storage = select("Storage", ["disk", "memory"], "disk");
  readonly #groups = select("Shard groups", ["none", "1", "2", "3", "4", "6", "8"], "none");
  readonly #dir = el("input", {
    type: "text",
    placeholder: "a directory that is removed afterwards",
  });
  readonly #fields: HTMLFieldSetElement;
  readonly #submit = el("button", { class: "primary" }, "Start cluster");
  readonly #title = el("h2", {}, "Start a cluster");

  constructor(context: TabContext) {
    this.#context = context;
    this.#fields = el(
      "fieldset",
      { class: "start-fields" },
      el("legend", { class: "sr" }, "The cluster"),
      ...[this.#nodes.label, this.#storage.label, this.#groups.label],
      el("label", { class: "wide" }, el("span", {}, "Directory"), this.#dir),
    );
    const form = el("form", {}, this.#fields, this.#submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    const about =
      "Each node is a process of its own, with real sockets and its own disk, and a proxy on every link, so that all faults work. They end with the dashboard.";
    const left = el("div", {}, this.#title, el("p", { class: "lead" }, about), form);
    this.element = el("section", { class: "card start" }, left, el("div", {}, ...whatThen()));
  }

  update({ phase }: LiveDocument): void {
    this.element.hidden = phase === "running" || phase === "lost";
    const isBusy = phase === "starting" || phase === "stopping";
    this.#fields.disabled = isBusy;
    this.#submit.disabled = isBusy;
    const label =
      phase === "starting" ? "Starting …" : phase === "stopping" ? "Stopping …" : "Start cluster";
    setText(this.#submit, label);
  }

  async #start(): Promise<void> {
    const dir = this.#dir.value.trim();
    const groups = Number(this.#groups.input.value);
    const options: StartOptions = {
      nodes: Number(this.#nodes.input.value),
      storage: this.#storage.input.value as StartOptions["storage"],
      dir: dir === "" ? null : dir,
      groups: Number.isNaN(groups) ? 0 : groups,
      shards: SHARDS,
    };
    try {
      await this.#context.post("/api/live/start", options);
      this.#context.say(`${options.nodes} nodes run`);
    } catch (error) {
      this.#context.complain(error);
    }
  }
}

const whatThen = (): readonly HTMLElement[] => [
  el("h3", {}, "What to try then"),
  el(
    "dl",
    {},
    ...[
      [
        "Crash the leader",
        "The others notice its silence, one asks for votes, a majority gives them.",
      ],
      [
        "Drag a line across the ring",
        "The smaller side can commit nothing; its leader steps down.",
      ],
      ["Lose a fifth of all frames", "Clients wait longer, and no acknowledged write is lost."],
      ["Lift all faults", "Who was away catches up: its log lane fills, or a snapshot comes."],
    ].flatMap(([what, then]) => [el("dt", {}, what!), el("dd", {}, then!)]),
  ),
];

function select(
  label: string,
  names: readonly string[],
  chosen: string,
): { readonly label: HTMLElement; readonly input: HTMLSelectElement } {
  const options = names.map((name) => el("option", { selected: name === chosen }, name));
  const input = el("select", {}, ...options);
  return { label: el("label", {}, el("span", {}, label), input), input };
}
